package jobs

import _ "embed"

// SchedulesYAML is the schedules file that goes with the program; --schedules and CPD_JOBS_SCHEDULES name another.
//
//go:embed schedules.yml
var SchedulesYAML []byte
