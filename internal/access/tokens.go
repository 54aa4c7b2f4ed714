package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
)

// Token describes a program's token. The secret itself is shown once, when it is made.
type Token struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Roles      []string   `json:"roles"`
	CreatedBy  string     `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	RevokedBy  *string    `json:"revoked_by"`
	LastUsedAt *time.Time `json:"last_used_at"` // to the minute
}

// NewToken is what [CreateToken] makes a token of.
type NewToken struct {
	Name  string // what it is for: the program that uses it
	Roles []Role
	For   time.Duration // from now on; at most [retention.TokenLife]
	By    string        // who makes it
}

// tokenPrefix lets scanners of source code and logs find a leaked token.
const tokenPrefix = "cpdj_"

const tokenColumns = "id, name, roles, created_by, created_at, expires_at, revoked_at, revoked_by, last_used_at" // #nosec G101 -- names of columns

// CreateToken makes a token and returns it with its secret. Only the secret's hash is kept: it cannot be shown again.
// Wrong names, roles and lifetimes are of class Invalid.
func CreateToken(ctx context.Context, db Database, n NewToken) (t Token, secret string, err error) {
	if err := n.check(); err != nil {
		return t, "", err
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	rows, _ := db.Query(ctx, `
		INSERT INTO queue.tokens (name, hash, roles, created_by, expires_at)
		VALUES ($1, $2, $3, $4, clock_timestamp() + $5::interval) RETURNING `+tokenColumns,
		n.Name, hashOf(secret), n.Roles, n.By, n.For)
	if t, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Token]); err != nil {
		return t, "", fmt.Errorf("make token %s: %w", n.Name, err)
	}
	return t, secret, nil
}

func (n NewToken) check() error {
	length := utf8.RuneCountInString(n.Name)
	switch {
	case length == 0 || length > 100 || !utf8.ValidString(n.Name) || strings.ContainsFunc(n.Name, func(r rune) bool { return r < ' ' }):
		return run.Invalid("name the program that uses it, in at most 100 characters", "a token called %q", n.Name)
	case len(n.Roles) == 0:
		return run.Invalid("the roles are "+RoleNames(), "a token without a role")
	case n.For < time.Minute || n.For > retention.TokenLife:
		return run.Invalid("give from a minute to 400 days", "a token that lives %s", n.For)
	}
	for _, r := range n.Roles {
		if !slices.Contains(Roles, r) {
			return run.Invalid("the roles are "+RoleNames(), "no role is called %q", r)
		}
	}
	return nil
}

func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Tokens lists all tokens, latest first, expired and revoked ones too.
func Tokens(ctx context.Context, db Database) ([]Token, error) {
	rows, _ := db.Query(ctx, "SELECT "+tokenColumns+" FROM queue.tokens ORDER BY id DESC")
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Token])
	if err != nil {
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	return list, nil
}

// RevokeToken ends a token at once. The error is of class Invalid where no valid token has the id.
func RevokeToken(ctx context.Context, db Database, id int64, by string) error {
	tag, err := db.Exec(ctx, `
		UPDATE queue.tokens SET revoked_at = clock_timestamp(), revoked_by = $2
		WHERE id = $1 AND revoked_at IS NULL AND expires_at > clock_timestamp()`, id, by)
	if err != nil {
		return fmt.Errorf("revoke token %d: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return run.Invalid("cpd-jobs tokens list shows them", "no token %d is valid: it was revoked, has expired or never existed", id)
	}
	return nil
}

// ErrNoToken is a token that is not valid, for any reason: a caller who guesses learns nothing.
var ErrNoToken = errors.New("no such token")

// UseToken finds the program that has a token, and notes the use. The error is [ErrNoToken] unless the token is valid.
func UseToken(ctx context.Context, db Database, secret string) (Visitor, error) {
	if !strings.HasPrefix(secret, tokenPrefix) || len(secret) > 100 {
		return Visitor{}, ErrNoToken
	}
	rows, _ := db.Query(ctx, `
		SELECT id, name, roles, coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)
		FROM queue.tokens WHERE hash = $1 AND revoked_at IS NULL AND expires_at > clock_timestamp()`, hashOf(secret))
	var id int64
	var stale bool
	v, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (Visitor, error) {
		found := Visitor{Via: ViaToken}
		err := row.Scan(&id, &found.Name, &found.Roles, &stale)
		found.ID = fmt.Sprintf("token %d", id)
		return found, err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Visitor{}, ErrNoToken
	}
	if err != nil {
		return Visitor{}, fmt.Errorf("look for a token: %w", err)
	}
	if stale {
		if _, err := db.Exec(ctx, "UPDATE queue.tokens SET last_used_at = clock_timestamp() WHERE id = $1", id); err != nil {
			return Visitor{}, fmt.Errorf("note the use of token %d: %w", id, err)
		}
	}
	return v, nil
}
