package config

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// platform is what Cloud Foundry says of the application, in VCAP_APPLICATION.
type platform struct {
	Space string `json:"space_name"`
}

// service is one bound service of VCAP_SERVICES.
type service struct {
	Label       string         `json:"label"`
	Name        string         `json:"name"`
	Tags        []string       `json:"tags"`
	Credentials map[string]any `json:"credentials"`
}

// Services with these names are taken before any other of their sort.
const (
	databaseService = "cpd-jobs-database"
	exportsService  = "cpd-jobs-exports"
)

// readPlatform reads what Cloud Foundry says, and returns the settings that bound services give: a database, a bucket,
// and any of our variables among the credentials of a user-provided service, which is where secrets belong there.
// A variable that is set itself goes before them.
func (r *reader) readPlatform(environ []string) map[string]string {
	if text, ok := lookup(environ, "VCAP_APPLICATION"); ok {
		r.platform = &platform{}
		r.unmarshal("VCAP_APPLICATION", text, r.platform)
	}
	text, ok := lookup(environ, "VCAP_SERVICES")
	if !ok {
		return nil
	}
	var byLabel map[string][]service
	r.unmarshal("VCAP_SERVICES", text, &byLabel)
	var services []service
	for label, list := range byLabel {
		for _, s := range list {
			s.Label = label
			services = append(services, s)
		}
	}
	slices.SortFunc(services, func(a, b service) int { return strings.Compare(a.Name, b.Name) })
	return r.bound(services, environ)
}

func (r *reader) bound(services []service, environ []string) map[string]string {
	settings := map[string]string{}
	offer := func(name, named string, find func(service) string) {
		if _, set := lookup(environ, name); set {
			return
		}
		if value := r.choose(name, named, services, find); value != "" {
			settings[name] = value
		}
	}
	offer("DATABASE_URL", databaseService, postgresURL)
	offer("EXPORT_STORE_URL", exportsService, bucketURL)
	for _, s := range services {
		if s.Label != "user-provided" {
			continue
		}
		for name := range s.Credentials {
			if value := strings.TrimSpace(s.text(name)); value != "" && isSetting(name) {
				settings[name] = value
			}
		}
	}
	return settings
}

// choose returns what find makes of the one service that it fits: the one that bears our name, or else the only one.
func (r *reader) choose(name, named string, services []service, find func(service) string) string {
	var names, values []string
	for _, s := range services {
		value := find(s)
		if value == "" {
			continue
		}
		if strings.HasPrefix(s.Name, named) {
			return value
		}
		names, values = append(names, s.Name), append(values, value)
	}
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	r.problem(name, "set it, or name the service "+named, "could come from any of the services %s", strings.Join(names, ", "))
	return ""
}

// postgresURL is the connection string of a PostgreSQL service, always encrypted; "" if s is something else.
func postgresURL(s service) string {
	u, err := url.Parse(s.text("uri"))
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return ""
	}
	query := u.Query()
	if query.Get("sslmode") == "" {
		query.Set("sslmode", "require")
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// bucketURL is the address of an S3 bucket service; "" if s is something else. Brokers give an address, with the region
// beside it, or its parts, under one of two families of names.
func bucketURL(s service) string {
	region := s.text("aws_region", "region")
	if u, err := url.Parse(s.text("uri")); err == nil && u.Scheme == "s3" {
		return inRegion(u, region)
	}
	bucket := s.text("bucket_name", "bucket")
	if bucket == "" || region == "" {
		return ""
	}
	return inRegion(&url.URL{
		Scheme: "s3",
		User:   url.UserPassword(s.text("aws_access_key_id", "access_key_id"), s.text("aws_secret_access_key", "secret_access_key")),
		Host:   "s3." + region + ".amazonaws.com",
		Path:   "/" + bucket,
	}, region)
}

// inRegion is a bucket's address with its region, unless it says another.
func inRegion(u *url.URL, region string) string {
	query := u.Query()
	if region != "" && query.Get("region") == "" {
		query.Set("region", region)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// text is the first of these credentials that there is, as text; numbers too, as people write ids without quotes.
func (s service) text(keys ...string) string {
	for _, key := range keys {
		switch v := s.Credentials[key].(type) {
		case string:
			return v
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return ""
}

func (r *reader) unmarshal(name, text string, into any) {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		r.problem(name, "the platform sets it; do not set it by hand", "is no JSON of the form that Cloud Foundry gives")
	}
}

func (r *reader) environment() string {
	if r.platform == nil || r.platform.Space == "" {
		return "local"
	}
	return r.platform.Space
}

// lookup finds a variable in environ; one that is empty counts as not set.
func lookup(environ []string, name string) (string, bool) {
	for _, pair := range environ {
		if n, value, _ := strings.Cut(pair, "="); n == name && strings.TrimSpace(value) != "" {
			return value, true
		}
	}
	return "", false
}
