package access

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
)

func TestOnlyLinksWithAValidSignatureAreRead(t *testing.T) {
	t.Parallel()
	key, now := []byte("a key of thirty-two bytes, about"), time.Unix(1_800_000_000, 0)
	l := ShareLink{ID: "ABCDEFGHIJ", Export: 17, Until: now.Add(time.Hour)}
	good := l.sign(key)
	if got, err := readLink(good, key, now); err != nil || got != l {
		t.Fatalf("read %+v (%v), want %+v", got, err, l)
	}
	ofAnother := ShareLink{ID: l.ID, Export: 18, Until: l.Until}.sign(key)
	mac := func(s string) string { return s[strings.LastIndexByte(s, '.'):] }
	for name, c := range map[string]struct {
		signed string
		key    []byte
		now    time.Time
	}{
		"expired":           {good, key, l.Until},
		"another key":       {good, []byte("another key, also of some length"), now},
		"of too long":       {ShareLink{"A", 17, now.Add(retention.ShareLinkLife + time.Second)}.sign(key), key, now},
		"another file":      {strings.TrimSuffix(ofAnother, mac(ofAnother)) + mac(good), key, now},
		"a later end":       {strings.Replace(good, fmt.Sprint(l.Until.Unix()), fmt.Sprint(l.Until.Unix()+60), 1), key, now},
		"no signature":      {strings.TrimSuffix(good, mac(good)) + ".", key, now},
		"cut":               {good[:len(good)-1], key, now},
		"padded":            {good + "=", key, now},
		"other last bits":   {good[:len(good)-1] + other(good[len(good)-1]), key, now},
		"nothing":           {"", key, now},
		"a part too many":   {ShareLink{"A.1", 17, now.Add(time.Hour)}.sign(key), key, now},
		"far too long":      {strings.Repeat("x", 500) + good, key, now},
		"not a number":      {signed("A.x.1800000001", key), key, now},
		"no end":            {signed("A.17", key), key, now},
		"an endless number": {signed("A.17.99999999999999999999", key), key, now},
	} {
		if got, err := readLink(c.signed, c.key, c.now); err != ErrNoLink {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// other is a digit that differs in the bits that a signature's last digit does not use.
func other(last byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(digits[strings.IndexByte(digits, last)|1])
}

func TestShareLinksLastUntilTheyAreRevoked(t *testing.T) {
	t.Parallel()
	db, now := pgtest.New(t), time.Unix(1_800_000_000, 0)
	l, err := NewShareLink(17, now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLink(t.Context(), db, l.sign(make([]byte, 32)), now); err != ErrNoLink {
		t.Errorf("a link before there is a key: %v", err)
	}
	first, err := SignLink(t.Context(), db, l)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := SignLink(t.Context(), db, l); err != nil || again != first {
		t.Errorf("signed again %q (%v), want %q: the key must stay", again, err, first)
	}
	if got, err := OpenLink(t.Context(), db, first, now); err != nil || got != l {
		t.Errorf("opened %+v (%v), want %+v", got, err, l)
	}
	if err := RevokeLinks(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLink(t.Context(), db, first, now); err != ErrNoLink {
		t.Errorf("after all were revoked: %v", err)
	}
}

func TestLivesOfShareLinks(t *testing.T) {
	t.Parallel()
	for life, valid := range map[time.Duration]bool{
		time.Minute - 1: false, time.Minute: true, retention.ShareLinkLife: true, retention.ShareLinkLife + 1: false,
	} {
		_, err := NewShareLink(1, time.Unix(1_800_000_000, 0), life)
		if valid && err != nil || !valid && run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("%s: %v", life, err)
		}
	}
}
