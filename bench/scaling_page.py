"""docs/scaling.md: the limit of each stage, the arithmetic, and what the simulated queues do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import plots as charts
from bench.pipeline_model import (
    DAY_S,
    LAMBDA_CONCURRENCY,
    PARTITION_WRITES_PER_S,
    SQS_SCALE_UP_PER_S,
    TABLE_WRITES_PER_S,
    Stage,
    Trace,
)
from bench.targets import number

_HEAD = """# Scaling

What each stage can do, where the next limit is, and what to change there. Figures are measured by `make bench` on one
machine, AWS's quotas are those documented in 2026, and how long AWS's services take to answer is assumed; nothing here
ran on AWS. Rendered by `python -m bench --only scaling`.
"""

_LIMITS = """
## The limit of each stage

| Stage | Limit | Reached at | Then |
|---|---|---|---|
| S3 | 3,500 PUT a second for a prefix, more after it has split | {s3} documents a second under `incoming/` | several \
prefixes below `incoming/`; nothing else changes |
| document-intake | {concurrency:,} concurrent functions in the account, for all functions (can be raised) | \
{intake} documents a second with all of them | an S3 event waits up to 6 hours (`maximum_event_age_seconds`), then the \
event queue's DLQ has it, and the sweep of check-health finds the object |
| ingestion and embedding queue | practically none in messages; they are kept for 4 days | a backlog of 4 days | \
check-health sends the messages again that have expired, a round at a time: raise the concurrency before |
| document-processor, embedding-generator | `maximum_concurrency` of 10 each, up to 1,000; SQS adds {ramp:.0f} \
concurrent batches a second | {processor} and {embedder} documents a second with 10 | set `function_settings` in \
Terraform |
| DynamoDB, tables | {table:,} writes a second for a table (can be raised); a new table takes 4,000 at once and \
doubles within 30 minutes | {table_documents} documents a second | ask for more, pre-warm the table |
| DynamoDB, `status-upload_timestamp-index` | {partition:,} writes a second for one partition key, and a status is one \
key: {writes} writes a document | **{index} documents a second** | a suffix on the index's key (`PROCESSING#7`), read \
by as many queries as there are suffixes; the key has none, so this is where it must change first |
| Chroma, one node | {chroma} windows a second from one writer at {measured:,} windows; one lock orders writes | \
{chroma_documents} documents a second | several nodes, each with a share of the documents; or a distributed engine |
| Chroma, memory | {bytes:,} bytes a window, all of them in memory | {windows} windows in 24 GB: {memory_documents} \
documents | the same |
| The API's full-text index | one file a process, on its disk, with a vector of 768 bytes a window beside the words \
| 10 million chunks: 15 to 26 GB and 41 ms a search, [without the vectors](#the-words-by-hand) | OpenSearch, or \
Chroma's own sparse index where it has one (Chroma Cloud); [less of it](#an-index-beside-the-api-that-no-longer-fits) |
| check-health | 60 seconds a round | more than it can look at: some ten thousand documents stuck, due or unswept | it \
does what it gets to and goes on in the next round; the failure rate is then one of the newest uploads |

## An index beside the API that no longer fits

Each API process keeps the words of all chunks and a replica of all vectors, 768 bytes a window, beside itself. Where
that no longer fits on its disk, or takes too long to build for a service that scales, `SEARCH_REPLICA` leaves a part of
it out ([decision 36](decisions/0036-replica-modes.md)):

| `SEARCH_REPLICA` | Beside the API | What changes |
|---|---|---|
| `whole` | texts, words, vectors | nothing |
| `words` | texts, words | the same passages; a filter is Chroma's own, which takes 20 to 60 times as long as a search \
without one, and the cosines of what the words found are read from Chroma |
| `off` | nothing | searches go by vectors alone, filtered by Chroma; an identifier or a rare name is found less well \
([quality](quality.md#finding-the-document): *vectors of windows*), and a new process needs no time to catch up |

`GET /api/health` says under `search_index` which it is, and so does `rag status`. A change takes a start of the
process: `words` then removes the vectors from the disk, and `whole` reads those that it lacks from Chroma. The file
that `off` leaves unused is yours to delete.

## Beyond one node

At ten million documents of this size there are {total_windows} windows, {total_gb} GB in memory. No single Chroma node
holds them. One adapter behind the port `VectorStore` (`src/portfolio_rag/ports/vector_store.py`) goes further and is
here, the others would have to be written:

- Chroma Cloud, Chroma's distributed engine on object storage: 5 million windows a collection, and
  `CHROMA_PARTITIONS` of them in the index, up to 100 ([0032](decisions/0032-an-index-of-several-collections.md)).
  `CHROMA_API_KEY` leads there, within its quotas ([on AWS](aws.md#chroma-cloud)). The chart for running that engine
  oneself says that it is not for production.
- OpenSearch: k-NN with quantised vectors on disk, and BM25 beside it.
- PostgreSQL with pgvector and partitions by document.
- S3 Vectors, where seconds of latency are fine.

Ids, metadata and the check of live versions stay as they are: a search returns ids, and DynamoDB says which of them
answer. The backup in S3 fills any of them without embedding anew.
"""

_MEASURED = """## What was measured, and what was not

| Part | Measured | Not measured |
|---|---|---|
| Chroma, one node | 1,005 to 100,008 windows on every `make bench`; 1,000,004 once by hand: 3,038 MB, p50 \
6.3 ms a query ([performance](performance.md)); 3,000,000 once by hand: 6,832 MB ([below](#one-node-by-hand)) | more \
than 3 million. What is said above of them is bytes a window, times windows |
| Words' index | Tantivy at 38,852 chunks (a question 3.0 ms) and 413,512 texts (11.4 ms): \
[0019](decisions/0019-words-in-tantivy.md); up to 10 million chunks once by hand \
([below](#the-words-by-hand)) | texts as long as guides': from the first of these, 2.6 KB of \
disk a chunk, some 26 GB for each API process at 10 million |
| DynamoDB, SQS, Lambda | calls a document, counted | AWS's side of them: quotas are its documentation's, \
latencies are assumed |
| Chroma Cloud | its published quotas, by a proxy before one node ([on AWS](aws.md#chroma-cloud)) | the \
distributed engine itself |
| A GPU | [below](#a-gpu-beside-cpus), by hand on one card | on AWS |
| A lost index, built again | 4.5 and 91 minutes for 100,000 and a million \
([on AWS](aws.md#how-long-a-lost-index-takes-to-come-back)) | AWS's S3 |

### One node, by hand

`python -m bench.one_node 3000000` loads so many windows into a Chroma of its own, in `.portfolio/bench/one-node`, and
measures memory, disk, p50 and p99 of a query, and recall against looking at every window. Broken off, it goes on where
it was; for more windows it goes on from the last. After every 1,000 windows Chroma writes what of its graph has changed
to the disk, some 50 MB at 80,000: `--sync-threshold` lets more come between, and as many are inserted again at a start,
before the first answer. Measured on 2026-11-28 with `--sync-threshold 20000`, at `fda7649`, with Chroma 1.5.9, one
writer and two cores that had little else to do:

| Windows | Since the start | Windows a second, of the last 10,800 | Chroma's processor time a window | Memory |
|--:|--:|--:|--:|--:|
| 540,000 | 11 minutes | 770 | 1.7 ms | 1,565 MB |
| 1,004,400 | 21 minutes | 711 | 1.8 ms | 2,555 MB |
| 1,998,000 | 43 minutes | 635 | 1.9 ms | 4,745 MB |
| 3,000,000 | 67 minutes | 574 | 2.0 ms | 6,832 MB |

Three million take 9.6 GB of disk. Started again, Chroma takes 6,745 MB and 10 s for the first answer; then 50 windows
nearest to a question come in 1.9 ms (p50) and 2.6 ms (p99), with a recall of 0.987 at 5 and 0.989 at 50. The vectors
are mixed of two real ones and a little noise each, from 5,004 real ones, and carry ten attributes each.

So up to 3 million a node slows down little, and **memory is what ends it**: 2.3 KB a window here, 3.0 KB in the
measurement of 1,000,004. With a third of its memory left to the system, and 3.0 KB a window, a node of 8 GB holds 1.8
million windows, one of 16 GB 3.5 million, one of 32 GB seven.

### The words, by hand

`python -m bench.words 10000000` fills the API's file with so many chunks, without vectors, and asks it 120 real
questions at each size on its way. A search by words has 50 hits and weighs their windows. Measured on 2026-11-28 at
`fda7649` with Tantivy 0.27.0, in a process that shared two cores with other work, at 10 million with a whole run of the
tests, so that the times are those of a busy machine:

| Chunks | p50 ms | p99 ms | Disk | of it the words | Own memory |
|--:|--:|--:|--:|--:|--:|
| 100,002 | 2.9 | 9.8 | 158 MB | 12 MB | 418 MB |
| 300,000 | 5.1 | 19.9 | 462 MB | 28 MB | 442 MB |
| 1,000,002 | 10.8 | 32.0 | 1,526 MB | 78 MB | 449 MB |
| 2,000,001 | 13.1 | 40.2 | 3,050 MB | 156 MB | 459 MB |
| 3,000,000 | 19.3 | 60.2 | 4,585 MB | 234 MB | 469 MB |
| 5,000,001 | 25.5 | 68.3 | 7,657 MB | 389 MB | 465 MB |
| 10,000,002 | 41.2 | 166 | 15,314 MB | 749 MB | 595 MB |

Filling took some 65 minutes. Memory is what the benchmark and Python take: words and texts are read through the
system's cache. These chunks have 670 characters on average, half of those above, and 1.5 KB of disk each, most of it
their text: chunks of guides take 2.6. So the disk of each API process, and the time to fill it, are the limit before
the words are.
"""

_GPU = """## A GPU beside CPUs

Measured by hand on one H100 80GB (torch 2.11.0+cu130, sentence-transformers 6.0.1, onnxruntime 1.30.0 on its Intel
Xeon) and on an AMD EPYC (onnxruntime 1.31.1): 12,797 windows of SciFact and SQuAD 2, 959 and 1,376 questions.

| What embeds | windows a second |
|---|--:|
| int8 as shipped, one core beside the card | 92 |
| int8 as shipped, the 16 cores beside the card | 978 |
| H100, `encode` of sentence-transformers in bf16, batches of 256 | 3,871 |
| H100, the same model from token ids, fp32 | 15,066 |
| H100, the same model from token ids, bf16 | 77,044 |
| tokenizing alone, 16 cores | 43,565 |
| Chroma, upserts into one node | 2,700 |

**A GPU does not pay before the vector store is faster.** One Chroma takes 2,700 windows a second whatever embeds
them, and 30 vCPUs of int8 keep it busy: 150 million windows need 15 hours for the writes, and 456 vCPU-hours of int8,
about 47 USD on Lambda. The card, as the library is called, takes 10.8 hours, about 43 USD at an assumed 4 USD an
hour: the conversion of lists of tokens in Python holds it up, and it is 5 % busy. From token ids it would be done in
half an hour, and then wait for Chroma.

**Precisions may be mixed.** With int8 queries, a corpus embedded in fp32, fp16 or bf16 changes nDCG@10 by -0.001
[-0.005, +0.003] on SciFact and by +0.005 to +0.006 [+0.0005, +0.011] on SQuAD 2; in an index that is half int8, half
GPU, int8 documents hold 52.3 % and 50.4 % of the top ten. The int8 vectors themselves are bit-identical on AMD and
Intel; a CPU without VNNI, and Arm, were not tried.

So a backup that a GPU has written under a fingerprint of its own (`vectors/` and `metadata/`, as
`src/portfolio_rag/pipeline/documents/vector_backup.py` lays it out) can be taken over: name the fingerprint in
`EMBEDDING_COMPATIBLE_FINGERPRINTS` (Terraform: `embedding_compatible_fingerprints`) and start `rag ingest --type
REINDEX`. It writes them under the fingerprint of the shipped model, normalised again in float32 (a model cast to bf16
normalises in bf16: lengths of 0.9964 to 1.0040), and embeds what is still missing. What nobody has declared
compatible is never taken: any two vectors of different models look alike or not by chance.
"""


def page(
    result: Mapping[str, Any], traces: Mapping[tuple[str, str], Trace], shipped: Sequence[Stage], plots: Path
) -> str:
    """The whole page; its plot goes to `plots`."""
    chart = charts.lines(
        "Documents waiting, as shipped, ten million within a day",
        "hours",
        "documents",
        {
            stage.name: [(now / 3600, waiting[stage.name]) for now, waiting in _thinned(traces["as shipped", "a day"])]
            for stage in shipped
        },
    )
    (plots / "scaling-backlog.svg").write_text(chart, encoding="utf-8")
    return "\n".join(
        [_HEAD, _arithmetic(result, shipped), _limits(result, shipped), _MEASURED, _GPU, _simulated(traces)]
    )


def _arithmetic(result: Mapping[str, Any], shipped: Sequence[Stage]) -> str:
    document, calls = result["document"], result["calls"]
    latency = ", ".join(f"{name} {value:g} ms" for name, value in result["latency_ms"].items())
    lines = [
        "## What one document costs",
        "",
        f"The mean of {document['documents']} documents: {number(document['bytes_of_text'])} characters, "
        f"{number(document['chunks'])} chunks, {number(document['windows'])} windows. Extracting and cutting it takes "
        f"{number(document['processing_cpu_s'] * 1000)} ms of processor time, embedding "
        f"{number(document['embedding_cpu_s_a_window'] * 1000)} ms a window on one core. Assumed for a call, one after "
        f"the other: {latency}.",
        "",
        "| Function | S3 | DynamoDB | SQS | Chroma | seconds, waiting for answers included |",
        "|---|---|---|---|---|---|",
    ]
    names = {"intake": "document-intake", "processing": "document-processor", "embedding": "embedding-generator"}
    for stage in shipped:
        own = calls[names[stage.name]]
        counts = " | ".join(str(own.get(service, 0)) for service in ("s3", "dynamodb", "sqs", "chroma"))
        lines.append(f"| {names[stage.name]} | {counts} | {number(stage.seconds)} |")
    return "\n".join(lines) + "\n"


def _limits(result: Mapping[str, Any], shipped: Sequence[Stage]) -> str:
    document, chroma, writes = result["document"], result["chroma"], result["index_writes"]
    intake, processing, embedding = shipped
    most = max(writes, key=lambda status: writes[status])
    windows = 24e9 / chroma["bytes_a_window"]
    rows = 2 + document["chunks"] * 3 + sum(writes.values())
    return _LIMITS.format(
        s3=f"{3500:,}",
        concurrency=LAMBDA_CONCURRENCY,
        intake=number(LAMBDA_CONCURRENCY / intake.seconds),
        ramp=SQS_SCALE_UP_PER_S,
        processor=number(10 / processing.seconds),
        embedder=number(10 / embedding.seconds),
        table=TABLE_WRITES_PER_S,
        table_documents=number(TABLE_WRITES_PER_S / rows),
        partition=PARTITION_WRITES_PER_S,
        writes=f"{writes[most]} to `{most}`",
        index=number(PARTITION_WRITES_PER_S / writes[most]),
        chroma=number(chroma["windows_per_s"]),
        measured=chroma["windows"],
        chroma_documents=number(chroma["windows_per_s"] / document["windows"]),
        bytes=round(chroma["bytes_a_window"]),
        windows=f"{windows / 1e6:.1f} million",
        memory_documents=f"{windows / document['windows']:,.0f}",
        total_windows=f"{10 * document['windows']:.0f} million",
        total_gb=f"{1e7 * document['windows'] * chroma['bytes_a_window'] / 1e9:,.0f}",
    )


def _simulated(traces: Mapping[tuple[str, str], Trace]) -> str:
    lines = [
        "## Ten million documents, simulated",
        "",
        "A fluid model (`bench/pipeline_model.py`): documents come evenly, each stage moves on what its workers and "
        "the services behind it allow, SQS adds workers slowly, Chroma slows down with the logarithm of what it holds. "
        "*Longest wait* is in front of the stage that kept documents waiting longest. Beyond 4 days the queue has "
        "forgotten messages, and check-health has to bring the documents back.",
        "",
        "![documents waiting](scaling-backlog.svg)",
        "",
        "| Setting | They come | All done after | Most waiting | Longest wait | Held up by |",
        "|---|---|---|---|---|---|",
    ]
    for (setting, arrival), trace in traces.items():
        most = max(trace.peaks, key=lambda name: trace.peaks[name])
        longest = max(trace.longest_wait, key=lambda name: trace.longest_wait[name])
        lines.append(
            f"| {setting} | {arrival} | {_duration(trace.finished)} | {trace.peaks[most]:,.0f} before {most} "
            f"| {_duration(trace.longest_wait[longest])} before {longest} | {trace.bottleneck} |"
        )
    return "\n".join(lines) + "\n"


def _duration(seconds: float) -> str:
    if seconds >= 2 * DAY_S:
        return f"{seconds / DAY_S:.1f} days"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds:.0f} s"


def _thinned(trace: Trace) -> list[tuple[float, dict[str, float]]]:
    step = max(1, len(trace.backlogs) // 120)
    return trace.backlogs[::step]
