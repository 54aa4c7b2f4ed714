package pgcopy_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpd-jobs/internal/demo/pgcopy"
	"cpd-jobs/internal/pgtest"
)

func TestServerReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	db := pgtest.Connect(t, pgtest.NewEmpty(t))
	_, err := db.Exec(t.Context(), `CREATE TABLE everything (u uuid, s text, n text, b boolean, i2 smallint, i4 integer,
		a integer[], t timestamp, d date, ip inet)`)
	if err != nil {
		t.Fatal(err)
	}
	var b pgcopy.Buffer
	b.Row(10)
	b.UUID(pgcopy.UUID{0: 1, 15: 2})
	b.Text("à, \"quoted\"")
	b.TextOrNull("")
	b.Bool(true)
	b.Int2(-2)
	b.Int4(70000)
	b.Int4s([]int{10, -11})
	b.Time(pgcopy.At(time.Date(1999, 12, 31, 23, 59, 59, 123456000, time.UTC)))
	b.Date(pgcopy.At(time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC)))
	b.Inet([4]byte{192, 0, 2, 7})
	b.Row(10)
	b.UUID(pgcopy.UUID{})
	b.Text("")
	b.Null()
	b.Bool(false)
	b.Int2OrNull(0)
	b.Int4OrNull(0)
	b.Int4s(nil)
	b.Time(pgcopy.Never)
	b.Date(pgcopy.Never)
	b.Null()

	conn, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	tag, err := conn.Conn().PgConn().CopyFrom(t.Context(), bytes.NewReader(b.Finish()), `COPY everything FROM STDIN (FORMAT binary)`)
	if err != nil || tag.RowsAffected() != 2 {
		t.Fatalf("got %v, %v, want 2 rows", tag, err)
	}
	var got []string
	if err := conn.QueryRow(t.Context(), `SELECT array_agg(e::text ORDER BY u) FROM everything e`).Scan(&got); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`(01000000-0000-0000-0000-000000000002,"à, ""quoted""",,t,-2,70000,"{10,-11}","1999-12-31 23:59:59.123456",1999-12-31,192.0.2.7)`,
		`(,"",,f,,,{},,,)`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
}

func TestTimesComeBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 6, 10, 0, 1000, time.UTC)
	if got := pgcopy.At(at).Go(); !got.Equal(at) {
		t.Errorf("got %s, want %s", got, at)
	}
	if got := pgcopy.Never.Add(time.Hour); got != pgcopy.Never {
		t.Errorf("never and an hour: got %d, want never", got)
	}
}
