package config

import "strings"

// Variable is one setting as people know it.
type Variable struct {
	Name    string `json:"name"`
	Default string `json:"default,omitempty"`
	About   string `json:"about"`
}

// heartbeatPrefix begins the variables that are named after schedules.
const heartbeatPrefix = "HEARTBEAT_URL_"

// Variables lists every setting, in the order in which people need them. HEARTBEAT_URL_<SCHEDULE> stands for one
// variable for each schedule.
func Variables() []Variable {
	return []Variable{
		{"DATABASE_URL", "", "the product's PostgreSQL; unset: an embedded one under CPD_JOBS_DATA_DIR"},
		{"CPD_DATABASE_URL", "", "the CPD service's PostgreSQL, best a read replica"},
		{"GIAS_SOURCE", "", "the school register: a file, zip, folder, https address or soap+https service"},
		{"GIAS_API_USER", "", "user name at the register's SOAP service"},
		{"GIAS_API_PASSWORD", "", "password at the register's SOAP service"},
		{"GIAS_EXTRACT_ID", "", "number of the extract at the register's SOAP service"},
		{"UPLIFT_SOURCE", "", "the uplift files: a file, folder or https address"},
		{"SOURCE_ALLOW", "", "hosts, folders and networks, by commas, that jobs may be told to read from beside the configured sources"},
		{"EXPORT_STORE_URL", "", "where exported files are kept: a folder or s3://KEY:SECRET@HOST/BUCKET; unset: under CPD_JOBS_DATA_DIR"},
		{"EXPORT_PASSPHRASE", "", "opens the files of reports whose files are encrypted; without it there are none"},
		{"CONTACT", "", "an e-mail address or web page: who answers questions about reports, and makes other formats of them"},
		{"CPD_JOBS_DATA_DIR", ".data", "what the program keeps on this machine"},
		{"CPD_JOBS_SCHEDULES", "", "a schedules file in place of the built-in one"},
		{"LISTEN_ADDRESS", "127.0.0.1", "address that the pages listen on"},
		{"PORT", "8080", "port that the pages listen on"},
		{"PUBLIC_URL", "", "where people find the pages, for links and sign-in"},
		{"TRUSTED_PROXIES", "", "addresses and networks, by commas, of proxies in front whose X-Forwarded-For is believed"},
		{"OIDC_ISSUER", "", "OpenID Connect provider; unset: there is no sign-in and the pages answer on loopback only"},
		{"OIDC_CLIENT_ID", "", "this service's id at the provider"},
		{"OIDC_CLIENT_SECRET", "", "this service's secret at the provider"},
		{"LOG_FORMAT", "auto", "auto (text on a terminal, else JSON), text or json"},
		{"LOG_LEVEL", "info", "debug (very many lines), info, warn or error (hides who did what)"},
		{"GOOGLE_ANALYTICS_ID", "", "measurement ID, such as G-ABC123, that pages are counted under for people who agree; unset: none are"},
		{"SECURITY_TXT_URL", "https://vdp.cabinetoffice.gov.uk/.well-known/security.txt", "where /.well-known/security.txt leads: what to do about a weakness that one has found"},
		{"WEBHOOK_URL", "", "hears of failures, stale reports and recoveries"},
		{"RUNBOOKS_URL", "docs/runbooks", "where the run books can be read, for messages to WEBHOOK_URL"},
		{heartbeatPrefix + "<SCHEDULE>", "", "called after each success of that schedule"},
	}
}

// heartbeatVariable turns a schedule's name into its variable's: register-nightly is HEARTBEAT_URL_REGISTER_NIGHTLY.
func heartbeatVariable(schedule string) string {
	upper := strings.Map(func(c rune) rune {
		if (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') {
			return c
		}
		return '_'
	}, strings.ToUpper(schedule))
	return heartbeatPrefix + upper
}

// isSetting says whether a variable is one of ours.
func isSetting(name string) bool {
	if strings.HasPrefix(name, heartbeatPrefix) {
		return true
	}
	for _, v := range Variables() {
		if v.Name == name {
			return true
		}
	}
	return false
}
