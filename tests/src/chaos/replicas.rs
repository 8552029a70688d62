//! Three replicas on one Postgres, killed, paused and cut off by schedules that
//! are drawn from seeds, while people push: one leads at a time, and everything
//! comes to its right end.
