package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
)

// onCloudFoundry is a VCAP_APPLICATION, shortened.
const onCloudFoundry = `VCAP_APPLICATION={"application_name": "cpd-jobs-staging", "space_name": "staging", "limits": {"mem": 512}}`

func TestBoundServices(t *testing.T) {
	t.Parallel()
	got, err := Load([]string{onCloudFoundry, "VCAP_SERVICES=" + recorded(t, "vcap_services.json"), "PORT=61001"})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	checks := []struct{ name, got, want string }{
		{"database", got.Database.Reveal(), "postgres://u:p%40ss@db.example.org:5432/rdsbroker?sslmode=require"},
		{"store", got.ExportStore.Reveal(), "s3://AKIA:se%2Fcret@s3.eu-west-2.amazonaws.com/paas-bucket?region=eu-west-2"},
		{"CPD database", got.CPDDatabase.Reveal(), "postgres://reader:pw@replica.example.org/cpd?sslmode=verify-full"},
		{"extract", got.GIAS.ExtractID, "13904"},
		{"heartbeat", got.Heartbeat("register").Reveal(), "https://push.example.org/?PK=abc"},
		{"listen", got.Listen, "127.0.0.1:61001"},
		{"environment", got.Environment, "staging"},
	}
	for _, c := range checks {
		if c.got != c.want {
			t.Errorf("%s = %q, want %q", c.name, c.got, c.want)
		}
	}
	if !got.CloudFoundry {
		t.Error("Cloud Foundry was not noticed")
	}
}

func TestVariablesGoBeforeServices(t *testing.T) {
	t.Parallel()
	got, err := Load([]string{
		"VCAP_SERVICES=" + recorded(t, "vcap_services.json"),
		"DATABASE_URL=postgres://mine.example.org/jobs", "GIAS_EXTRACT_ID=1",
	})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if got.Database != "postgres://mine.example.org/jobs" || got.GIAS.ExtractID != "1" {
		t.Errorf("database %q, extract %q; want those of the variables", got.Database.Reveal(), got.GIAS.ExtractID)
	}
}

func TestSeveralDatabasesBound(t *testing.T) {
	t.Parallel()
	const two = `{"postgres": [
		{"name": "%s", "credentials": {"uri": "postgres://one.example.org/a"}},
		{"name": "archive", "credentials": {"uri": "postgresql://two.example.org/b?sslmode=verify-full"}}]}`
	got, err := Load([]string{"VCAP_SERVICES=" + strings.Replace(two, "%s", "cpd-jobs-database-dev", 1)})
	if want := "postgres://one.example.org/a?sslmode=require"; err != nil || got.Database.Reveal() != want {
		t.Errorf("database = %q, %v; want the one with our name, %q", got.Database.Reveal(), err, want)
	}
	_, err = Load([]string{"VCAP_SERVICES=" + strings.Replace(two, "%s", "main", 1)})
	want := "DATABASE_URL could come from any of the services archive, main; set it, or name the service cpd-jobs-database"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestBucketsOfBrokers reads the credentials of brokers that name things otherwise than that of vcap_services.json.
func TestBucketsOfBrokers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ broker, credentials, want string }{
		{
			"an address, and the region beside it",
			`{"uri": "s3://AKIA:se%2Fcret@s3.eu-central-1.amazonaws.com/bucket", "insecure_skip_verify": false,
				"access_key_id": "AKIA", "secret_access_key": "se/cret", "region": "eu-central-1", "bucket": "bucket",
				"endpoint": "s3.eu-central-1.amazonaws.com", "fips_endpoint": "", "additional_buckets": []}`,
			"s3://AKIA:se%2Fcret@s3.eu-central-1.amazonaws.com/bucket?region=eu-central-1",
		},
		{
			"an address that says its region",
			`{"uri": "s3://AKIA:secret@minio.example.org:9000/bucket?region=here", "region": "there"}`,
			"s3://AKIA:secret@minio.example.org:9000/bucket?region=here",
		},
		{
			"no address",
			`{"access_key_id": "AKIA", "secret_access_key": "se/cret", "region": "eu-west-2", "bucket_name": "bucket",
				"arn": "arn:aws:s3:::bucket", "bucket_domain_name": "bucket.s3.amazonaws.com"}`,
			"s3://AKIA:se%2Fcret@s3.eu-west-2.amazonaws.com/bucket?region=eu-west-2",
		},
	} {
		got, err := Load([]string{`VCAP_SERVICES={"s3": [{"name": "files", "credentials": ` + c.credentials + `}]}`})
		if err != nil || got.ExportStore.Reveal() != c.want {
			t.Errorf("%s: store %q, %v; want %q", c.broker, got.ExportStore.Reveal(), err, c.want)
		}
	}
}

func TestCloudFoundryKeepsNothingOnDisk(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{onCloudFoundry})
	want := "DATABASE_URL is needed on Cloud Foundry, whose disks are not kept; bind a PostgreSQL service or set it\n" +
		"EXPORT_STORE_URL is needed on Cloud Foundry, whose disks are not kept; bind a bucket or set it"
	if err == nil || err.Error() != want || run.ExitStatus(err) != 2 {
		t.Errorf("got %v (exit status %d), want %s (2)", err, run.ExitStatus(err), want)
	}
}

func TestPlatformTalksNonsense(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{"VCAP_SERVICES=[]"})
	if err == nil || !strings.HasPrefix(err.Error(), "VCAP_SERVICES is no JSON") {
		t.Errorf("got %v, want a problem with VCAP_SERVICES", err)
	}
}

func recorded(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
