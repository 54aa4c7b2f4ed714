package export
import ("testing";"time";"fmt";"io";"github.com/jackc/pgx/v5";"cpd-jobs/reports";"cpd-jobs/reports/exports";"cpd-jobs/reports/table")
func BenchmarkZZ(b *testing.B) {
	d := bigReport(b)
	def,_ := reports.Find("school_onboarding")
	for b.Loop() {
	 for range 3 { s:=time.Now(); copyOut(b, d.DB); fmt.Println("copy", time.Since(s));
	  sql, args := selectSQL(def, exports.Selection{Columns: columnsOfBench(b)})
	  s=time.Now(); rows,err:=d.DB.Query(b.Context(), sql, args...); if err!=nil{b.Fatal(err)}
	  n:=0; for rows.Next() { if n==0 {fmt.Println("first", time.Since(s))}; n++ }; rows.Close(); fmt.Println("query", n, time.Since(s))
	  s=time.Now()
	  pgx.BeginTxFunc(b.Context(), d.DB, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error { return snapshot{tx:tx,def:def}.rows(b.Context(), exports.Selection{Columns: columnsOfBench(b)}, func([]table.Value) error {return nil})})
	  fmt.Println("scan", time.Since(s))
	  s=time.Now()
	  pgx.BeginTxFunc(b.Context(), d.DB, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error { 
	    w,_ := beginCSV(io.Discard, documentOf(d, def, reports.Refreshed{}, exports.Selection{Columns: columnsOfBench(b)}), nil)
	  return snapshot{tx:tx,def:def}.rows(b.Context(), exports.Selection{Columns: columnsOfBench(b)}, w.Add)})
	  fmt.Println("scan+csv", time.Since(s))
	  s=time.Now(); writeFormat(b, d, "csv"); fmt.Println("csv", time.Since(s)) 
	  }
	}
}
