"""The receiver of streamed collections and of uploads.

In the order of a request: `serve` (sockets, workers), `app` (the calls), `keys`, `body` (limits, unpacking), `ingest`
(a body to rows), `pipeline` (who derives and who writes, in groups), and `perfops.store.batches` (the transaction).
"""
