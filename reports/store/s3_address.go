package store

import (
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"cpd-jobs/internal/run"
)

// s3Address is what an s3:// address says.
type s3Address struct {
	endpoint, region, bucket, prefix string
	secure                           bool
	credentials                      *credentials.Credentials
}

const s3Hint = "an S3 address is s3://KEY:SECRET@HOST/BUCKET?region=REGION, or s3://BUCKET with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION set"

// parseS3 reads s3://[KEY:SECRET@]HOST/BUCKET[/FOLDER] and, for Amazon's own, s3://[KEY:SECRET@]BUCKET[/FOLDER]. A host
// has a dot or a port. After ? may follow region, and tls=false for a server on this machine. Messages leave the
// address out, since it holds a secret.
func parseS3(address string) (s3Address, error) {
	u, err := url.Parse(address)
	if err != nil {
		return s3Address{}, run.Invalid(s3Hint, "EXPORT_STORE_URL: not an S3 address")
	}
	a := s3Address{endpoint: u.Host, secure: true}
	if err := a.options(u.Query()); err != nil {
		return s3Address{}, err
	}
	path := strings.Trim(u.Path, "/")
	if !strings.ContainsAny(u.Host, ".:") && u.Host != "localhost" {
		a.endpoint, path = amazon(a.region), strings.TrimRight(u.Host+"/"+path, "/")
	}
	a.bucket, a.prefix, _ = strings.Cut(path, "/")
	if a.bucket == "" {
		return s3Address{}, run.Invalid(s3Hint, "EXPORT_STORE_URL: names no bucket")
	}
	if a.prefix != "" {
		a.prefix += "/"
	}
	a.credentials, err = credentialsOf(u.User)
	return a, err
}

func (a *s3Address) options(query url.Values) error {
	for name, values := range query {
		switch {
		case name == "region":
			a.region = values[0]
		case name == "tls" && slices.Contains([]string{"true", "false"}, values[0]):
			a.secure = values[0] == "true"
		default:
			return run.Invalid("only region=NAME and tls=false may follow ?", "EXPORT_STORE_URL: option %s of an S3 address", name)
		}
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if a.region == "" {
			a.region = os.Getenv(name)
		}
	}
	return nil
}

func amazon(region string) string {
	if region == "" {
		return "s3.amazonaws.com"
	}
	return "s3." + region + ".amazonaws.com"
}

// credentialsOf are those of the address, else those that Amazon's own programs take from the environment. There must
// be some: without, every request would be refused, one by one.
func credentialsOf(user *url.Userinfo) (*credentials.Credentials, error) {
	c := credentials.NewEnvAWS()
	if user != nil {
		secret, _ := user.Password()
		c = credentials.NewStaticV4(user.Username(), secret, "")
	}
	value, err := c.GetWithContext(nil)
	if err != nil || value.AccessKeyID == "" || value.SecretAccessKey == "" {
		return nil, run.Invalid(s3Hint, "EXPORT_STORE_URL: an S3 store without key and secret")
	}
	return c, nil
}

// String says where, without the secret.
func (a s3Address) String() string {
	return "s3://" + a.endpoint + "/" + a.bucket + strings.TrimSuffix("/"+a.prefix, "/")
}
