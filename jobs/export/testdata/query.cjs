// Answers the SQL on standard input with DuckDB: JSON on standard output, a list of rows, each a list of values.
const { DuckDBInstance } = require('@duckdb/node-api')

async function main() {
  let sql = ''
  for await (const part of process.stdin) sql += part
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const reader = await connection.runAndReadAll(sql)
  process.stdout.write(JSON.stringify(reader.getRowsJson()))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
