package gias_test

import (
	"strings"
	"testing"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/jobs/gias"
)

func TestSuccessorsOverSeveralSteps(t *testing.T) {
	t.Parallel()
	proposed := school{"EstablishmentStatus (code)": "4", "EstablishmentStatus (name)": "Proposed to open"}
	cases := []struct {
		name   string
		links  []string // "1 > 2 Type": 100001 has a link of the type to 100002
		change map[string]school
		want   string // of 100001: kind, successor, candidates, steps
	}{
		{"one step", []string{"1 > 2 Successor"}, nil, "simple 2 {2} 1"},
		{"told from the other side alone", []string{"2 > 1 Predecessor"}, nil, "simple 2 {2} 1"},
		{"told from both sides", []string{"1 > 2 Successor", "2 > 1 Predecessor"}, nil, "simple 2 {2} 1"},
		{"several steps", []string{"1 > 2 Successor", "3 > 2 Predecessor", "3 > 4 Successor"}, nil, "simple 4 {4} 3"},
		{"a merger", []string{"1 > 2 Successor - merged"}, nil, "merged 2 {2} 1"},
		{"an amalgamation on the way", []string{"1 > 2 Successor", "2 > 3 Successor - amalgamated"}, nil, "merged 3 {3} 2"},
		{"a split", []string{"1 > 2 Successor - Split School", "1 > 3 Successor - Split School"}, nil, "split - {2,3} 1"},
		{"two plain successors", []string{"1 > 2 Successor", "1 > 3 Successor"}, nil, "several - {2,3} 1"},
		{"two ways to one end", []string{"1 > 2 Successor", "1 > 3 Successor", "2 > 3 Successor"}, nil, "simple 3 {3} 2"},
		{"a circle", []string{"1 > 2 Successor", "2 > 3 Successor", "3 > 1 Successor"}, nil, "cycle - {1} 3"},
		{"into a circle", []string{"1 > 2 Successor", "2 > 3 Successor", "3 > 4 Successor", "4 > 2 Successor"}, nil, "cycle - {2} 4"},
		{"each the other's", []string{"1 > 2 Successor", "2 > 1 Successor"}, nil, "contradictory - {2} 1"},
		{"each the other's predecessor", []string{"1 > 2 Predecessor", "2 > 1 Predecessor"}, nil, "contradictory - {2} 1"},
		{"merged by one side and split by the other", []string{"1 > 2 Successor - merged", "2 > 1 Predecessor - Split School"}, nil, "contradictory - {2} 1"},
		{"a contradiction at the end", []string{"1 > 2 Successor", "2 > 3 Successor", "3 > 2 Successor"}, nil, "contradictory - {2} 1"},
		{"the wrong way round: not open yet", []string{"1 > 2 Successor"}, map[string]school{"100001": proposed}, "reversed - {2} 1"},
		{"the wrong way round: by dates", []string{"1 > 2 Successor"},
			map[string]school{"100001": {"OpenDate": "01-09-2019"}, "100002": closedOn("31-08-2019")}, "reversed - {2} 1"},
		{"no succession", []string{"1 > 2 Sixth Form Centre Link", "1 > 3 Result of Amalgamation"}, nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			mustSync(t, db, gias.Args{Source: register(t, headings(), schools(10, c.change)), Links: links(t, linkLines(c.links)...)})
			got := text(t, db, `SELECT coalesce(max(concat_ws(' ', kind, coalesce(right(successor, 1), '-'),
				(SELECT array_agg(right(x, 1) ORDER BY x) FROM unnest(candidates) x), steps)), '')
				FROM gias.successors WHERE urn = '100001'`)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// linkLines makes rows of a links file of "1 > 2 Successor".
func linkLines(short []string) []string {
	var lines []string
	for _, l := range short {
		from, rest, _ := strings.Cut(l, " > ")
		to, kind, _ := strings.Cut(rest, " ")
		lines = append(lines, "10000"+from+",10000"+to+",Name,"+kind+",")
	}
	return lines
}

// TestLinksThatExplode links everything to everything: the view must end.
func TestLinksThatExplode(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	exec(t, db, `INSERT INTO gias.links (urn, link_urn, link_type)
		SELECT a::text, b::text, 'Successor' FROM generate_series(100000, 100004) a, generate_series(100000, 100004) b WHERE a < b`)
	if n := count(t, db, "SELECT count(*) FROM gias.successors WHERE kind = 'simple' AND successor = '100004'"); n != 4 {
		t.Errorf("got %d, want the four others to end at the last", n)
	}
}

func TestNationalSuccessors(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	mustSync(t, db, gias.Args{Source: sharedData(t, "gias", "ecf_tech.csv.gz"), Links: sharedData(t, "gias", "links-20240312.csv.gz")})
	// The four conversions of 1 April 2024 that the register has the wrong way round.
	if got := text(t, db, `SELECT string_agg(urn || ' ' || kind, ', ' ORDER BY urn) FROM gias.successors WHERE urn BETWEEN '150871' AND '150874'`); got !=
		"150871 reversed, 150872 reversed, 150873 reversed, 150874 reversed" {
		t.Errorf("got %s", got)
	}
	// Six pairs, twelve rows, of which each is called the predecessor of the other.
	if n := count(t, db, `SELECT count(*) FROM gias.successions WHERE kind = 'contradictory' AND stated_by = 'successor' AND urn < successor`); n != 6 {
		t.Errorf("got %d pairs that contradict each other, want 6", n)
	}
	for kind, least := range map[string]int64{"simple": 15_000, "merged": 200, "split": 20, "several": 20} {
		if n := count(t, db, `SELECT count(*) FROM gias.successors WHERE kind = $1`, kind); n < least {
			t.Errorf("%s: got %d, want at least %d", kind, n, least)
		}
	}
	if n := count(t, db, `SELECT count(*) FROM gias.successors WHERE (kind IN ('simple', 'merged')) <> (successor IS NOT NULL)`); n != 0 {
		t.Errorf("%d successors are guessed or missing", n)
	}
}

func TestWhereTheServiceLagsBehindTheRegister(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		register school // of 100001
		service  string // values that differ from those of the register's usual school
		links    []string
		want     string
	}{
		{"the same", nil, "", nil, ""},
		{"closed", closedOn("31-08-2024"), "", nil, "{closed_in_register}"},
		{"closed there too", closedOn("31-08-2024"), "school_status_code = 2", nil, ""},
		{"proposed to close", school{"EstablishmentStatus (code)": "3", "EstablishmentStatus (name)": "Open, but proposed to close"}, "", nil, ""},
		{"closed, with a successor", closedOn("31-08-2024"), "", []string{"1 > 2 Successor"}, "{closed_in_register,has_successor}"},
		{"split and still open", nil, "", []string{"1 > 2 Successor - Split School"}, ""},
		{"split and closed", closedOn("31-08-2024"), "", []string{"1 > 2 Successor - Split School"}, "{closed_in_register,has_successor}"},
		{"a successor that contradicts itself", closedOn("31-08-2024"), "", []string{"1 > 2 Successor", "2 > 1 Successor"}, "{closed_in_register}"},
		{"unknown", gone, "", nil, "{not_in_register}"},
		{"another name", school{"EstablishmentName": "Other School"}, "", nil, "{renamed}"},
		{"a name with other spaces", school{"EstablishmentName": "Example\u200b  School"}, "", nil, ""},
		{"a curly quote that the service lost", school{"EstablishmentName": "Saints’ School"}, "name = U&'Saints\\0092 School'", nil, ""},
		{"another type", nil, "school_type_code = 34", nil, "{type_differs}"},
		{"another district", nil, "administrative_district_code = 'E09000003'", nil, "{district_differs}"},
		{"no district there", nil, "administrative_district_code = NULL", nil, "{district_differs}"},
		{"section 41", school{"Section41Approved (name)": "Approved"}, "", nil, "{section_41_differs}"},
		{"section 41 ended", school{"Section41Approved (name)": "Not approved"}, "section_41_approved = true", nil, "{section_41_differs}"},
		{"everything", school{"EstablishmentName": "Other", "Section41Approved (name)": "Approved", "EstablishmentStatus (code)": "2",
			"EstablishmentStatus (name)": "Closed"}, "school_type_code = 2, administrative_district_code = '9999'", []string{"2 > 1 Predecessor"},
			"{closed_in_register,district_differs,has_successor,renamed,section_41_differs,type_differs}"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			exec(t, db, `INSERT INTO cpd.schools (id, urn, name, school_type_code, school_status_code, administrative_district_code, section_41_approved)
				VALUES (gen_random_uuid(), '100001', 'Example School', 1, 1, 'E09000002', false)`)
			if c.service != "" {
				exec(t, db, "UPDATE cpd.schools SET "+c.service)
			}
			if n := count(t, db, "SELECT count(*) FROM gias.lag"); n != 0 {
				t.Errorf("before the first sync: got %d rows", n)
			}
			mustSync(t, db, gias.Args{Source: register(t, headings(), schools(10, map[string]school{"100001": c.register})), Links: links(t, append(linkLines(c.links), "100008,100009,Name,Other,")...)})
			if got := text(t, db, `SELECT coalesce(max(flags::text), '') FROM gias.lag WHERE urn = '100001'`); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestAColumnThatTheFileLacksIsNotCompared(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	exec(t, db, `INSERT INTO cpd.schools (id, urn, name, school_type_code, school_status_code, administrative_district_code, section_41_approved)
		VALUES (gen_random_uuid(), '100001', 'Example School', 1, 1, 'E09000002', true)`)
	columns := without(headings(), "Section41Approved (name)", "DistrictAdministrative (code)")
	mustSync(t, db, gias.Args{Source: register(t, columns, schools(10, nil))})
	if n := count(t, db, "SELECT count(*) FROM gias.lag"); n != 0 {
		t.Errorf("got %s", text(t, db, "SELECT flags::text FROM gias.lag"))
	}
}
