//! The worker process: claims jobs, analyses cases, keeps deadlines, sends what the outbox holds, purges.
