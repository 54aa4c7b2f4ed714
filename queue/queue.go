// Package queue runs work: the River client and what it lacks. It derives due ticks from a ledger in the database,
// takes over jobs of dead workers by their heartbeats, keeps the history, steps and logs of every job, and enqueues
// one-off runs. It knows jobs only as run.Kind; package cmd joins the two.
package queue
