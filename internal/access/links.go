package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
)

// ShareLink lets anyone who has it download one file without signing in, until it expires. It is signed rather than
// stored: the database holds nothing that would let its reader in but the key.
type ShareLink struct {
	ID     string // for the audit: which link was used
	Export int64
	Until  time.Time
}

// ErrNoLink says no more than that a share link is not valid: a caller who guesses learns nothing.
var ErrNoLink = run.Invalid("", "This link has expired, or was not copied whole. Ask the person who sent it for a new one.")

// NewShareLink makes a link to an export, valid for life from now on. Lives that are too short or too long are Invalid.
func NewShareLink(export int64, now time.Time, life time.Duration) (ShareLink, error) {
	l := ShareLink{ID: rand.Text()[:10], Export: export, Until: now.Add(life).Truncate(time.Second)}
	if life < time.Minute || life > retention.ShareLinkLife {
		return l, run.Invalid("", "a link lives from a minute to seven days")
	}
	return l, nil
}

// SignLink is the link as an address has it. The first one makes the key that all are signed with.
func SignLink(ctx context.Context, db Database, l ShareLink) (string, error) {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	// Of two that try at once, the first one's key stays.
	if _, err := db.Exec(ctx, "INSERT INTO queue.link_key (key) VALUES ($1) ON CONFLICT DO NOTHING", key); err != nil {
		return "", fmt.Errorf("make the key of share links: %w", err)
	}
	keys, err := linkKeys(ctx, db)
	if err != nil || len(keys) == 0 {
		return "", fmt.Errorf("sign a share link: no key: %w", err)
	}
	return l.sign(keys[0]), nil
}

// OpenLink reads a link that [SignLink] made and that is valid at now; else the error is [ErrNoLink].
func OpenLink(ctx context.Context, db Database, text string, now time.Time) (ShareLink, error) {
	keys, err := linkKeys(ctx, db)
	if err != nil {
		return ShareLink{}, err
	}
	if len(keys) == 0 {
		return ShareLink{}, ErrNoLink
	}
	l, err := readLink(text, keys[0], now)
	if err != nil {
		return ShareLink{}, err
	}
	rows, _ := db.Query(ctx, "SELECT count(*) FROM queue.revoked_links WHERE link = $1", l.ID)
	revoked, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	switch {
	case err != nil:
		return ShareLink{}, fmt.Errorf("see whether a share link was revoked: %w", err)
	case revoked > 0:
		return ShareLink{}, ErrNoLink
	}
	return l, nil
}

// RevokeLink makes one share link invalid, by the name that the audit has for it, and forgets those whose time is over.
func RevokeLink(ctx context.Context, db Database, link, by string) error {
	if link == "" || len(link) > 40 {
		return run.Invalid("the audit's rows of sharing have it as link", "a share link's name has from 1 to 40 characters")
	}
	_, err := db.Exec(ctx, `
		WITH over AS (DELETE FROM queue.revoked_links WHERE revoked_at < now() - $3::interval AND link <> $1)
		INSERT INTO queue.revoked_links (link, revoked_by) VALUES ($1, $2) ON CONFLICT DO NOTHING`, link, by, retention.ShareLinkLife+retention.Day)
	if err != nil {
		return fmt.Errorf("revoke share link %s: %w", link, err)
	}
	return nil
}

// MadeLink is a share link that was made and may still be good.
type MadeLink struct {
	Link    string    `json:"link"`
	By      string    `json:"made_by"`
	Target  string    `json:"target"`
	File    string    `json:"file"`
	Until   time.Time `json:"until"`
	Revoked bool      `json:"revoked"`
}

// MadeLinks lists the share links whose time is not over, latest first, from the audit.
func MadeLinks(ctx context.Context, db Database) ([]MadeLink, error) {
	rows, _ := db.Query(ctx, `
		SELECT detail ->> 'link' AS link, actor AS by, target, coalesce(detail ->> 'name', '') AS file, (detail ->> 'until')::timestamptz AS until,
		       EXISTS (SELECT FROM queue.revoked_links AS r WHERE r.link = detail ->> 'link') AS revoked
		FROM queue.audit_events
		WHERE action = 'share' AND outcome = 'done' AND at > now() - $1::interval AND (detail ->> 'until')::timestamptz > now() ORDER BY id DESC`,
		retention.ShareLinkLife+retention.Day)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[MadeLink])
	if err != nil {
		return nil, fmt.Errorf("list the share links: %w", err)
	}
	return list, nil
}

// RevokeLinks makes every share link invalid.
func RevokeLinks(ctx context.Context, db Database) error {
	if _, err := db.Exec(ctx, "DELETE FROM queue.link_key"); err != nil {
		return fmt.Errorf("revoke the share links: %w", err)
	}
	return nil
}

// linkKeys is the key of share links; empty where no link was ever made, or all were revoked.
func linkKeys(ctx context.Context, db Database) ([][]byte, error) {
	rows, _ := db.Query(ctx, "SELECT key FROM queue.link_key")
	keys, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, fmt.Errorf("read the key of share links: %w", err)
	}
	return keys, nil
}

func (l ShareLink) sign(key []byte) string {
	return signed(fmt.Sprintf("%s.%d.%d", l.ID, l.Export, l.Until.Unix()), key)
}

func signed(text string, key []byte) string {
	return text + "." + base64.RawURLEncoding.EncodeToString(macOf(text, key))
}

func macOf(text string, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte("link " + text)) // never fails
	return mac.Sum(nil)
}

func readLink(text string, key []byte, now time.Time) (ShareLink, error) {
	at := strings.LastIndexByte(text, '.')
	if at < 0 || len(text) > 200 {
		return ShareLink{}, ErrNoLink
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(text[at+1:])
	if err != nil || !hmac.Equal(mac, macOf(text[:at], key)) {
		return ShareLink{}, ErrNoLink
	}
	parts := strings.Split(text[:at], ".")
	if len(parts) != 3 {
		return ShareLink{}, ErrNoLink
	}
	export, exportErr := strconv.ParseInt(parts[1], 10, 64)
	until, untilErr := strconv.ParseInt(parts[2], 10, 64)
	l := ShareLink{ID: parts[0], Export: export, Until: time.Unix(until, 0)}
	if exportErr != nil || untilErr != nil || !now.Before(l.Until) || l.Until.Sub(now) > retention.ShareLinkLife {
		return ShareLink{}, ErrNoLink
	}
	return l, nil
}
