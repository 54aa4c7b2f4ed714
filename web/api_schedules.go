package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/queue"
)

// Schedule is a live schedule and where it stands.
type Schedule struct {
	Name        string          `json:"name"`
	Cron        string          `json:"cron,omitempty" doc:"Absent where it follows another job"`
	Timezone    string          `json:"timezone"`
	Kind        string          `json:"kind"`
	Args        json.RawMessage `json:"args"`
	After       string          `json:"after,omitempty" doc:"The kind of job that it follows"`
	Paused      bool            `json:"paused"`
	PausedUntil *time.Time      `json:"paused_until"`
	PausedBy    string          `json:"paused_by,omitempty"`
	PauseNote   string          `json:"pause_note,omitempty"`
	NextTick    *time.Time      `json:"next_tick"`
	LastTick    *time.Time      `json:"last_tick"`
	LastState   string          `json:"last_state,omitempty" enum:"enqueued,skipped,missed"`
	LastReason  string          `json:"last_reason,omitempty"`
	SetAside    string          `json:"set_aside,omitempty" doc:"Why workers cannot record its ticks; absent where they can"`
	Waiting     int             `json:"waiting,omitempty" doc:"Ticks that are enqueued and wait for their turn"`
}

func scheduleOf(s queue.ScheduleInfo) Schedule {
	out := Schedule{
		Name: s.Name, Cron: s.Cron, Timezone: s.Timezone, Kind: s.Kind, Args: json.RawMessage(source.MaskSecrets(string(s.Args))), Paused: s.Paused, PausedUntil: s.PausedUntil,
		PausedBy: s.PausedBy, PauseNote: s.PauseNote, NextTick: s.NextTick, LastTick: s.LastTick, LastState: s.LastState, LastReason: s.LastReason,
		SetAside: s.SetAside, Waiting: s.Waiting,
	}
	if s.After != nil {
		out.After = s.After.Kind
	}
	return out
}

type schedulesOutput struct {
	Body struct {
		Schedules []Schedule `json:"schedules" doc:"By name"`
	}
}

// ScheduleInput names a schedule.
type ScheduleInput struct {
	Name string `path:"name" maxLength:"200" example:"cpd"`
}

type scheduleOutput struct{ Body Schedule }

type ticksInput struct {
	ScheduleInput
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"30"`
}

type ticksOutput struct {
	Body struct {
		Ticks []queue.TickInfo `json:"ticks" doc:"Newest first"`
	}
}

type pauseInput struct {
	ScheduleInput
	Body struct {
		Until *time.Time `json:"until,omitempty" doc:"Absent: until it is resumed"`
		Note  string     `json:"note,omitempty" maxLength:"200" doc:"Why; others see it"`
	}
}

func (a *api) addSchedules() {
	tags := []string{"Schedules"}
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/schedules", OperationID: "list-schedules", Tags: tags,
		Summary: "List schedules", Description: "What runs by itself."}, a.listSchedules)
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/schedules/{name}", OperationID: "show-schedule", Tags: tags,
		Summary: "Show a schedule", Description: "One schedule."}, a.showSchedule)
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/schedules/{name}/ticks", OperationID: "list-ticks", Tags: tags,
		Summary: "List ticks", Description: "What became of a schedule's latest ticks."}, a.listTicks)
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/schedules/{name}/pause", OperationID: "pause-schedule", Tags: tags,
		Summary: "Pause a schedule", Description: "Skips its ticks until a moment, or until it is resumed."}, a.pauseSchedule)
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/schedules/{name}/resume", OperationID: "resume-schedule", Tags: tags,
		Summary: "Resume a schedule", Description: "Ends a pause; ticks that fell into it stay skipped."}, a.resumeSchedule)
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/schedules/{name}/run", OperationID: "run-schedule", Tags: tags, DefaultStatus: http.StatusCreated,
		Errors: []int{http.StatusConflict}, Summary: "Run a schedule now", Description: "Starts its job outside its ticks."}, a.runSchedule)
}

func (a *api) listSchedules(ctx context.Context, _ *struct{}) (*schedulesOutput, error) {
	list, err := queue.Schedules(ctx, a.Control)
	if err != nil {
		return nil, err
	}
	out := &schedulesOutput{}
	out.Body.Schedules = make([]Schedule, len(list))
	for i, s := range list {
		out.Body.Schedules[i] = scheduleOf(s)
	}
	return out, nil
}

func (a *api) showSchedule(ctx context.Context, in *ScheduleInput) (*scheduleOutput, error) {
	s, err := queue.FindSchedule(ctx, a.Control, in.Name)
	return &scheduleOutput{Body: scheduleOf(s)}, err
}

func (a *api) listTicks(ctx context.Context, in *ticksInput) (*ticksOutput, error) {
	s, err := queue.FindSchedule(ctx, a.Control, in.Name)
	if err != nil {
		return nil, err
	}
	out := &ticksOutput{}
	out.Body.Ticks, err = queue.Ticks(ctx, a.Control, s.Schedule, in.Limit)
	return out, err
}

func (a *api) pauseSchedule(ctx context.Context, in *pauseInput) (*scheduleOutput, error) {
	if _, err := queue.FindSchedule(ctx, a.Control, in.Name); err != nil {
		return nil, err
	}
	var until time.Time
	if in.Body.Until != nil {
		now, err := pg.Now(ctx, a.Control)
		if err != nil {
			return nil, err
		}
		if until = *in.Body.Until; !until.After(now) {
			return nil, run.Invalid("", "until: give a moment that is still to come")
		}
	}
	note := plainText(in.Body.Note)
	if err := a.pause(ctx, in.Name, until, note, map[string]any{"until": in.Body.Until, "note": note}); err != nil {
		return nil, err
	}
	return a.showSchedule(ctx, &in.ScheduleInput)
}

func (a *api) resumeSchedule(ctx context.Context, in *ScheduleInput) (*scheduleOutput, error) {
	if _, err := queue.FindSchedule(ctx, a.Control, in.Name); err != nil {
		return nil, err
	}
	if err := a.resume(ctx, in.Name); err != nil {
		return nil, err
	}
	return a.showSchedule(ctx, in)
}

func (a *api) runSchedule(ctx context.Context, in *ScheduleInput) (*jobOutput, error) {
	s, err := queue.FindSchedule(ctx, a.Control, in.Name)
	if err != nil {
		return nil, err
	}
	ticket, err := a.trigger(ctx, s)
	return a.started(ctx, ticket, err)
}
