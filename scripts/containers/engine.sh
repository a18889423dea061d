#!/usr/bin/env bash
# A Docker engine for a machine that has none running: a CI worker, a bare Debian. `start` leaves an engine that
# already runs alone; `stop` ends only the one that `start` started.
#
#   scripts/containers/engine.sh start    ends with 3, saying why, where no engine can be had
#   scripts/containers/engine.sh stop
set -euo pipefail

state=$(cd "$(dirname "$0")/../.." && pwd)/.portfolio/engine
pid_file=$state/dockerd.pid
log=$state/dockerd.log

answers() { docker info >/dev/null 2>&1; }

unavailable() {
    printf '\n*** NO DOCKER ENGINE: %s\n*** Nothing that needs one runs.\n\n' "$1" >&2
    exit 3
}

install_engine() {
    command -v apt-get >/dev/null || unavailable "none is installed, and this is not a Debian that could install it."
    echo "engine: installing docker.io, docker-compose and debootstrap"
    {
        apt-get update
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
            docker.io docker-compose debootstrap iptables
    } >"$state/apt.log" 2>&1 || unavailable "they could not be installed (see $state/apt.log)."
}

start() {
    if command -v docker >/dev/null && answers; then
        echo "engine: one already runs"
        return
    fi
    [ "$(id -u)" = 0 ] || unavailable "none runs that this user may use, and only root can start one."
    mkdir -p "$state"
    if ! command -v dockerd >/dev/null || ! command -v debootstrap >/dev/null; then
        install_engine
    fi
    nohup dockerd >"$log" 2>&1 &
    echo $! >"$pid_file"
    for _ in $(seq 60); do
        if answers; then
            echo "engine: started"
            return
        fi
        kill -0 "$(cat "$pid_file")" 2>/dev/null || break
        sleep 0.5
    done
    tail -n 5 "$log" >&2
    stop
    unavailable "dockerd did not start (see $log)."
}

stop() {
    [ -f "$pid_file" ] || return 0
    local pid
    pid=$(cat "$pid_file")
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
        kill "$pid"
        for _ in $(seq 60); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.5
        done
        echo "engine: stopped"
    fi
    rm -f "$pid_file"
}

case ${1:-} in
    start) start ;;
    stop) stop ;;
    *) echo "usage: $0 start|stop" >&2; exit 2 ;;
esac
