package cpd

import "slices"

// The types of the columns that are copied, as the database's format_type names them.
const (
	boolean   = "boolean"
	integer   = "integer"
	smallint  = "smallint"
	text      = "text"
	citext    = "citext"
	timestamp = "timestamp without time zone"
	uuid      = "uuid"
	varchar   = "character varying"
)

// Table is one of the CPD service's tables and what of it is copied to one place. Every table has the key `id`.
type Table struct {
	// Name is the service's. A table whose columns go to two places is listed twice.
	Name string
	// Restricted copies are restricted.cpd_<name>, which only restricted reports are made of; the others cpd.<name>.
	Restricted bool
	// Columns are copied as they are, in this order. They are those that some report uses, and no more.
	Columns []Column
	// Computed columns follow: the source works them out, so that what they are made of stays there.
	Computed []Computed
	// Left are the source's columns that are known and stay behind. Any that is neither left nor copied anywhere is new,
	// and announced.
	Left []string
}

// Column is a column and its type.
type Column struct{ Name, Type string }

// fits says that a column of that type will do. A server without the extension that brings citext has plain text.
func (c Column) fits(t string) bool {
	return t == c.Type || c.Type == citext && (t == text || t == varchar)
}

// Computed is a column that the source computes from others.
type Computed struct {
	Column
	SQL   string
	Reads []Column
}

// left lists columns that stay behind, with the stamps that every table has.
func left(names ...string) []string { return append(names, "created_at", "updated_at") }

// leftButCreated is left for tables whose created_at a report uses.
func leftButCreated(names ...string) []string { return append(names, "updated_at") }

// Tables lists what is copied: the one truth, with which a test compares the migrations. A column with personal data
// has its place among the restricted ones, and there only if a restricted report uses it.
func Tables() []Table {
	return slices.Concat(cohortsAndProviders(), places(), onboarding(), participants(), restricted())
}

func cohortsAndProviders() []Table {
	return []Table{
		{
			Name:    "cohorts",
			Columns: []Column{{"id", uuid}, {"start_year", smallint}, {"academic_year_start_date", timestamp}},
			Left: left("registration_start_date", "automatic_assignment_period_end_date", "payments_frozen_at",
				"mentor_funding", "detailed_evidence_types"),
		},
		{
			Name:    "lead_providers",
			Columns: []Column{{"id", uuid}, {"name", varchar}},
			Left:    left("cpd_lead_provider_id", "vat_chargeable"),
		},
		{
			Name:    "cpd_lead_providers",
			Columns: []Column{{"id", uuid}, {"name", text}},
			Left:    left(),
		},
		{
			Name:    "delivery_partners",
			Columns: []Column{{"id", uuid}, {"name", varchar}, {"discarded_at", timestamp}},
			Left:    left(),
		},
		{
			Name:    "core_induction_programmes",
			Columns: []Column{{"id", uuid}, {"name", varchar}},
			Left:    left(),
		},
		{
			Name:    "appropriate_bodies",
			Columns: []Column{{"id", uuid}, {"name", varchar}},
			Left: left("body_type", "disable_from_year", "listed", "listed_for_school_type_codes",
				"selectable_by_schools"),
		},
	}
}
