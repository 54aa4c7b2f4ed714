package pg

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseGrants(t *testing.T) {
	t.Parallel()
	got := parseGrants(`
SET lock_timeout = 0;
--
-- Name: SCHEMA reports; Type: ACL; Schema: -; Owner: cpd_jobs
--
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA reports TO cpd_jobs_reader;
GRANT SELECT ON TABLE reports.a TO "Power BI" WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE cpd_jobs IN SCHEMA reports GRANT SELECT ON TABLES TO cpd_jobs_reader;
`)
	want := grants{
		"REVOKE USAGE ON SCHEMA public FROM PUBLIC",
		"GRANT USAGE ON SCHEMA reports TO cpd_jobs_reader",
		`GRANT SELECT ON TABLE reports.a TO "Power BI" WITH GRANT OPTION`,
		"ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER IN SCHEMA reports GRANT SELECT ON TABLES TO cpd_jobs_reader",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"cpd_jobs_reader", `"Power BI"`}, got.roles()); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestGrantEntries(t *testing.T) {
	t.Parallel()
	got := string(grantEntries([]byte(`;
; Archive created at 2026-11-22 06:10:00 UTC
3501; 0 0 ACL - SCHEMA reports cpd_jobs
217; 1259 16401 TABLE reports ACL cpd_jobs
2071; 826 16390 DEFAULT ACL reports DEFAULT PRIVILEGES FOR TABLES cpd_jobs
3360; 2604 16410 DEFAULT queue logs id cpd_jobs
`)))
	want := "3501; 0 0 ACL - SCHEMA reports cpd_jobs\n2071; 826 16390 DEFAULT ACL reports DEFAULT PRIVILEGES FOR TABLES cpd_jobs\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
