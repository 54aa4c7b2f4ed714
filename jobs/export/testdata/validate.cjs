// Holds a CSV file against its description with Frictionless Data's validator: node validate.cjs FILE.csv. What the description
// (CSVW) says of columns is told to the validator in its own words. Prints what is wrong as JSON, and how many rows there are.
const fs = require('node:fs')
const path = require('node:path')
const { Table } = require('tableschema')

const types = { string: 'string', integer: 'integer', decimal: 'number', boolean: 'boolean', date: 'date', dateTimeStamp: 'datetime' }

function field (column) {
  const base = column.datatype.base || column.datatype
  if (!types[base]) throw new Error(`the validator knows no type ${base}`)
  const constraints = column.required ? { required: true } : {}
  const f = { name: column.name, type: types[base], constraints }
  if (base === 'boolean') [f.trueValues, f.falseValues] = column.datatype.format.split('|').map((v) => [v])
  // ISO 8601 with a zone, as XML Schema has it. The validator's own default knows no fractions of a second.
  if (base === 'dateTimeStamp') {
    f.type = 'string'
    constraints.pattern = '-?\\d{4,}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z'
  }
  return f
}

async function main (file) {
  const described = JSON.parse(fs.readFileSync(file + '-metadata.json', 'utf8'))
  if (described.url !== path.basename(file)) throw new Error(`the description is of ${described.url}`)
  const { columns, primaryKey } = described.tableSchema
  const schema = { fields: columns.map(field), missingValues: [''], primaryKey }
  const table = await Table.load(file, { schema, strict: true })
  const rows = await table.read({ forceCast: true })
  const problems = rows.filter((row) => row instanceof Error).map((e) => [e.message, ...e.errors.map((inner) => inner.message)].join(': '))
  if (rows.length !== described['schema:numberOfItems']) problems.push(`${rows.length} rows, not ${described['schema:numberOfItems']}`)
  process.stdout.write(JSON.stringify({ rows: rows.length, problems }))
}

main(process.argv[2]).catch((error) => {
  console.error([error.message, ...(error.errors || []).map((inner) => inner.message)].join('\n'))
  process.exit(1)
})
