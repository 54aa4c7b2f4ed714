package erasure

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// copied are where the sync has rows about people, in an order in which each can be found by those after it. Numbers
// without names go too, or a refresh before the next sync would publish them: until then the person is not counted
// either.
var copied = []struct{ table, condition string }{
	{"restricted.cpd_declaration_states", "participant_declaration_id IN (SELECT id FROM restricted.cpd_participant_declarations WHERE " + declaredOf + ")"},
	{"restricted.cpd_participant_declarations", declaredOf},
	{"restricted.cpd_participant_profile_states", "participant_profile_id = ANY (@profiles::text[]::uuid[])"},
	{"restricted.cpd_ecf_participant_validation_data", "participant_profile_id = ANY (@profiles::text[]::uuid[])"},
	{"restricted.cpd_ecf_participant_eligibilities", "participant_profile_id = ANY (@profiles::text[]::uuid[])"},
	{"restricted.cpd_participant_profiles", "id = ANY (@profiles::text[]::uuid[])"},
	{"restricted.cpd_participant_identities", "user_id = ANY (@users::text[]::uuid[])"},
	{"restricted.cpd_teacher_profiles", "user_id = ANY (@users::text[]::uuid[])"},
	{"restricted.cpd_users", "id = ANY (@users::text[]::uuid[])"},
	{"cpd.induction_records", "participant_profile_id = ANY (@profiles::text[]::uuid[])"},
	{"cpd.participant_profiles", "id = ANY (@profiles::text[]::uuid[])"},
	{"cpd.teacher_profiles", "user_id = ANY (@users::text[]::uuid[])"},
	{"cpd.induction_coordinator_profiles", "user_id = ANY (@users::text[]::uuid[])"},
	{"cpd.users", "id = ANY (@users::text[]::uuid[])"},
}

const declaredOf = "user_id = ANY (@users::text[]::uuid[]) OR participant_profile_id = ANY (@profiles::text[]::uuid[])"

// profilesOf are the participant profiles of users, by identity or by teacher profile.
const profilesOf = `
	SELECT p.id::text
	FROM restricted.cpd_participant_profiles p
	JOIN restricted.cpd_participant_identities i ON i.id = p.participant_identity_id
	WHERE i.user_id = ANY (@users::text[]::uuid[])
	UNION
	SELECT p.id::text
	FROM cpd.participant_profiles p
	JOIN restricted.cpd_teacher_profiles t ON t.id = p.teacher_profile_id
	WHERE t.user_id = ANY (@users::text[]::uuid[])`

func (w *eraser) fromCopies(ctx context.Context, tx pgx.Tx) error {
	rows, _ := tx.Query(ctx, profilesOf, pgx.NamedArgs{"users": w.users})
	profiles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("find the person's profiles: %w", err)
	}
	args := pgx.NamedArgs{"users": w.users, "profiles": profiles}
	for _, c := range copied {
		if err := w.count(ctx, tx, c.table, fmt.Sprintf("DELETE FROM %s WHERE %s", c.table, c.condition), args); err != nil {
			return fmt.Errorf("copy %s: %w", c.table, err)
		}
	}
	return w.count(ctx, tx, "restricted.cpd_participant_profiles",
		"UPDATE restricted.cpd_participant_profiles SET mentor_profile_id = NULL WHERE mentor_profile_id = ANY (@profiles::text[]::uuid[])", args)
}

// clearAway removes what was deleted from the database's files, where it can be read until then.
func clearAway(ctx context.Context, pool *pgxpool.Pool) error {
	rows, _ := pool.Query(ctx, "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('restricted', 'cpd')")
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list what to clear away: %w", err)
	}
	for _, table := range tables {
		if _, err := pool.Exec(ctx, "VACUUM (TRUNCATE false) "+table); err != nil {
			return fmt.Errorf("clear away what was deleted of %s: %w", table, err)
		}
	}
	return nil
}
