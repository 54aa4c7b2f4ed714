// Package retention is the one table of how long the program keeps what it writes. What deletes reads it, and so does what
// tells people: a page that says 400 days cannot be wrong.
package retention

import "time"

// Day is 24 hours, the unit of this table.
const Day = 24 * time.Hour

// How long what is kept, and who deletes it. Housekeeping is jobs/housekeeping, by the database's clock.
const (
	// FinishedJobs stay in River's table, then move to the history: a queue is fast while it is small. By workers (queue).
	FinishedJobs = 10 * time.Minute
	// History is of jobs that have ended, with their steps and logs. By housekeeping.
	History = 400 * Day
	// Logs are the lines of jobs, which may go before the job. By housekeeping.
	Logs = 90 * Day
	// Probes are the rows that probe jobs wrote. By housekeeping.
	Probes = 30 * Day
	// Workers are processes, since their last heartbeat. By housekeeping.
	Workers = 30 * Day
	// Ticks are what became of the ticks of schedules, with the pauses that decided about them and the backfills that made
	// up for them. One that still waits for its turn stays. By housekeeping.
	Ticks = 400 * Day
	// Incidents are kept since they were over. By housekeeping.
	Incidents = 400 * Day
	// SourceFindings are the rows and values of a source that were refused, and the profiles of its columns. Those of the
	// latest version stay. By housekeeping.
	SourceFindings = 400 * Day
	// Audit is a year and a month, no longer: it names people. By housekeeping.
	Audit = 400 * Day
	// EndedTokens are kept since they expired or were revoked: the audit names them. By housekeeping.
	EndedTokens = 400 * Day
	// EndedSessions are kept since they expired. By housekeeping; each sign-in deletes a few sooner (internal/access).
	EndedSessions = Day
	// Versions is how long what a report published can be rebuilt. By housekeeping, through reports/versions.
	Versions = 400 * Day

	// Files are exported files that are not among the FilesKept newest of their report and format. By housekeeping, whose
	// arguments may say otherwise, and `exports prune`. A report with personal data says in its definition when its go.
	Files     = 30 * Day
	FilesKept = 20
	// UnrecordedFiles lie in the store and belong to no export: a younger one may be about to be recorded. By housekeeping.
	UnrecordedFiles = Day

	// TokenLife is how long a token may live: one that is never renewed is one that has no owner (internal/access).
	TokenLife = 400 * Day
	// ShareLinkLife is how long a share link may live: long enough for a message to be read after a week's leave, too
	// short for a file to be published by it (internal/access).
	ShareLinkLife = 7 * Day
	// CookieChoice is how long a browser remembers what a person said of cookies (web).
	CookieChoice = 365 * Day
)
