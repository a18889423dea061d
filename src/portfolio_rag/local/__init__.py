"""The local stack: emulator, Chroma, Lambda host and API as supervised processes on this machine."""
