package schema

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// Migrated is what migrating a report's table did.
type Migrated struct {
	Report  string   `json:"report"`
	Dropped []string `json:"dropped"`
	Retyped []string `json:"retyped"`
}

// Migrate lets a report's table follow a definition that drops or retypes columns, which [EnsureTables] refuses to do
// by itself. The definition's major version must have been raised. Views and functions of others that use such a column
// are named, and nothing is changed. Earlier versions keep what they had: a dropped column stays in the rows of the
// report's _at function under its name, a retyped one under its name and the major version it had. The next refresh
// fills what is new.
func Migrate(ctx context.Context, pool *pgxpool.Pool, d *definition.Definition) (Migrated, error) {
	var done Migrated
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		m := &migration{def: report{d}, done: Migrated{Report: d.Name, Dropped: []string{}, Retyped: []string{}}}
		if err := m.do(ctx, tx); err != nil {
			return err
		}
		done = m.done
		return nil
	})
	if err != nil {
		return Migrated{}, fmt.Errorf("migrate report %s: %w", d.Name, err)
	}
	return done, nil
}

type migration struct {
	def  report
	done Migrated
	// next is the version that the changed cells are logged under: that of the refresh to come.
	next int64
	// major is that of the definition which made the table.
	major string
}

func (m *migration) do(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(ensureLock)); err != nil {
		return err
	}
	known, err := ReadState(ctx, tx, m.def.Definition)
	if err != nil {
		return err
	}
	if known.Version == "" {
		return run.Invalid("run `cpd-jobs migrate up`", "report %s has no table yet", m.def.Name)
	}
	if m.next, err = versions.LockLive(ctx, tx, m.def.Name); err != nil {
		return err
	}
	m.next++
	m.major = major(known.Version)
	going, err := m.going(ctx, tx)
	if err != nil || len(going) == 0 {
		return err
	}
	if !raised(known.Version, m.def.Version) {
		return run.Blocked("raise its major version", "the definition drops or retypes %s and is still of version %s", names(going), m.def.Version)
	}
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '2s'"); err != nil {
		return err
	}
	if err := m.dropOwnViews(ctx, tx); err != nil {
		return err
	}
	if err := m.refuseDependents(ctx, tx, going); err != nil {
		return err
	}
	for _, column := range going {
		if err := m.drop(ctx, tx, column); err != nil {
			return fmt.Errorf("column %s: %w", column.Name, err)
		}
	}
	return Make(ctx, tx, m.def.Definition)
}

func major(version string) string {
	m, _, _ := strings.Cut(version, ".")
	return m
}

// raised says that the second version's major is higher than the first's.
func raised(before, after string) bool {
	a, _ := strconv.Atoi(major(before))
	b, _ := strconv.Atoi(major(after))
	return b > a
}

func names(list []Column) string {
	var text []string
	for _, a := range list {
		text = append(text, a.Name)
	}
	return strings.Join(text, ", ")
}

// going lists the table's columns that the definition has no more, or has as another type.
func (m *migration) going(ctx context.Context, tx pgx.Tx) ([]Column, error) {
	have, err := attributes(ctx, tx, m.def.Table())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(have, func(a Column) bool {
		c, ok := m.def.Column(a.Name)
		return ok && c.SQLType() == a.Type
	}), nil
}

// dropOwnViews makes way: they are made again at the end.
func (m *migration) dropOwnViews(ctx context.Context, tx pgx.Tx) error {
	views := m.def.AllViews()
	slices.Reverse(views) // later ones may read earlier ones
	for _, v := range views {
		if v.Keep != "" {
			continue
		}
		if err := m.refuseUsersOf(ctx, tx, m.def.View(v), nil); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DROP VIEW IF EXISTS "+m.def.View(v).Sanitize()); err != nil {
			return fmt.Errorf("drop view %s: %w", v.Name, err)
		}
	}
	return nil
}

func (m *migration) refuseDependents(ctx context.Context, tx pgx.Tx, going []Column) error {
	var columns []string
	for _, a := range going {
		columns = append(columns, a.Name)
	}
	return m.refuseUsersOf(ctx, tx, m.def.Table(), columns)
}

// refuseUsersOf names the views that read a relation, or some columns of it, and are not the report's own.
func (m *migration) refuseUsersOf(ctx context.Context, tx pgx.Tx, relation pgx.Identifier, columns []string) error {
	var own []string
	for _, v := range m.def.AllViews() {
		own = append(own, v.Name)
	}
	rows, _ := tx.Query(ctx, `
		SELECT DISTINCT format('%s.%s', n.nspname, v.relname)
		FROM pg_depend d
		JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
		JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> d.refobjid
		JOIN pg_namespace n ON n.oid = v.relnamespace
		LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
		WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1)
		  AND ($2::text[] IS NULL OR a.attname = ANY ($2))
		  AND NOT (n.nspname = $3 AND v.relname = ANY ($4))
		ORDER BY 1`, relation.Sanitize(), columns, m.def.Schema, own)
	users, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return run.Blocked("drop or change them first, and make them again afterwards", "%s is read by %s", strings.Join(relation, "."), strings.Join(users, ", "))
	}
	return nil
}

// drop takes a column away and keeps in the change log what it held, so that earlier versions can be rebuilt.
func (m *migration) drop(ctx context.Context, tx pgx.Tx, column Column) error {
	kept := column.Name
	if c, stays := m.def.Column(column.Name); stays {
		kept += "_v" + m.major
		m.done.Retyped = append(m.done.Retyped, column.Name+" to "+c.Type)
		if err := m.rename(ctx, tx, column, kept); err != nil {
			return err
		}
	} else {
		m.done.Dropped = append(m.done.Dropped, column.Name)
	}
	if !m.def.Restricted() {
		_, err := tx.Exec(ctx, fmt.Sprintf(`
			INSERT INTO %[1]s (version, %[2]s, action, column_name, old, row_as_of)
			SELECT %[3]d, %[2]s, 'changed', %[4]s, to_jsonb(%[5]s), %[6]s FROM %[7]s WHERE %[5]s IS NOT NULL`,
			m.def.Changes().Sanitize(), pg.Ident(m.def.Key), m.next, pg.Literal(kept), pg.Ident(column.Name), definition.AsOfColumn, m.def.Table().Sanitize()))
		if err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", m.def.Table().Sanitize(), pg.Ident(column.Name)))
	return err
}

// rename gives the old values of a retyped column another name wherever they are remembered.
func (m *migration) rename(ctx context.Context, tx pgx.Tx, column Column, kept string) error {
	if m.def.Restricted() {
		return nil
	}
	_, err := tx.Exec(ctx, fmt.Sprintf(`
		UPDATE %[1]s SET column_name = %[3]s WHERE column_name = %[2]s;
		UPDATE %[1]s SET old = old - %[2]s || jsonb_build_object(%[3]s, old -> %[2]s) WHERE action = 'removed' AND old ? %[2]s;
		ALTER TYPE %[4]s RENAME ATTRIBUTE %[5]s TO %[6]s`,
		m.def.Changes().Sanitize(), pg.Literal(column.Name), pg.Literal(kept), m.def.RowType().Sanitize(), pg.Ident(column.Name), pg.Ident(kept)))
	return err
}
