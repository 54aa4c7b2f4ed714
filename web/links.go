package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/exports"
)

// A link hands one file on: whoever has it may take the file until a moment, without signing in. It is signed rather than
// stored, so that the database has nothing that would let its reader in but the key.
type link struct {
	ID     string // for the audit: which link it was that somebody used
	Export int64
	Until  time.Time
}

// LinkLife is how long a link may live: long enough for a message to be read after a week's leave, too short to become
// where a file is published.
const LinkLife = 7 * 24 * time.Hour

// errNoLink says no more than that a link is not good: whoever guesses learns nothing.
const errNoLink = notFound("This link has expired, or was not copied whole. Ask whoever gave it to you for another.")

// sign is the link as an address has it.
func (l link) sign(key []byte) string {
	text := fmt.Sprintf("%s.%d.%d", l.ID, l.Export, l.Until.Unix())
	return signed(text, key)
}

func signed(text string, key []byte) string {
	return text + "." + base64.RawURLEncoding.EncodeToString(macOf(text, key))
}

func macOf(text string, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte("link " + text)) // never fails
	return mac.Sum(nil)
}

// readLink reads a link that was signed with key and is still good.
func readLink(text string, key []byte, now time.Time) (link, error) {
	at := strings.LastIndexByte(text, '.')
	if at < 0 || len(text) > 200 {
		return link{}, errNoLink
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(text[at+1:])
	if err != nil || !hmac.Equal(mac, macOf(text[:at], key)) {
		return link{}, errNoLink
	}
	parts := strings.Split(text[:at], ".")
	if len(parts) != 3 {
		return link{}, errNoLink
	}
	export, failed := strconv.ParseInt(parts[1], 10, 64)
	until, late := strconv.ParseInt(parts[2], 10, 64)
	l := link{ID: parts[0], Export: export, Until: time.Unix(until, 0)}
	if failed != nil || late != nil || !now.Before(l.Until) || l.Until.Sub(now) > LinkLife {
		return link{}, errNoLink
	}
	return l, nil
}

// linkKey is what links are signed with; none where no link was ever made, or all were revoked.
func linkKey(ctx context.Context, db TokenDB) ([]byte, error) {
	rows, _ := db.Query(ctx, "SELECT key FROM queue.link_key")
	key, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]byte])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNoLink
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of links: %w", err)
	}
	return key, nil
}

// newLinkKey makes the key where there is none: of two that try at once, the first one's stays.
func newLinkKey(ctx context.Context, db TokenDB) ([]byte, error) {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	if _, err := db.Exec(ctx, "INSERT INTO queue.link_key (key) VALUES ($1) ON CONFLICT DO NOTHING", key); err != nil {
		return nil, fmt.Errorf("make the key of links: %w", err)
	}
	return linkKey(ctx, db)
}

// RevokeLinks makes every link that was handed on useless.
func RevokeLinks(ctx context.Context, db TokenDB) error {
	if _, err := db.Exec(ctx, "DELETE FROM queue.link_key"); err != nil {
		return fmt.Errorf("revoke the links: %w", err)
	}
	return nil
}

// handOn makes a link to a file that is good for so long, and records who did. One to personal data is refused: nobody
// would know who has it, and such files are for people who are known to have the role.
func (s *site) handOn(ctx context.Context, e exports.Export, life time.Duration) (address string, until time.Time, err error) {
	l := link{ID: rand.Text()[:10], Export: e.ID, Until: s.Now().Add(life).Truncate(time.Second)}
	detail := map[string]any{"name": e.Name, "link": l.ID, "until": l.Until.UTC()}
	err = s.audited(ctx, deed{Action: "hand on", Target: fmt.Sprintf("export %d", e.ID), Detail: detail}, func(ctx context.Context) error {
		switch {
		case isPersonal(e.Report):
			return run.Blocked("whoever needs it signs in with the role "+string(Personal), "a file with personal data is not handed on by link")
		case life < time.Minute || life > LinkLife:
			return run.Invalid("", "a link lives from a minute to seven days")
		}
		key, err := newLinkKey(ctx, s.DB)
		if err != nil {
			return err
		}
		address = "/shared/" + l.sign(key) + "/" + url.PathEscape(e.Name)
		return nil
	})
	return address, l.Until, err
}
