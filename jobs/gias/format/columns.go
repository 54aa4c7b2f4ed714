package format

// Rules numbers the rules of this package by which bytes become rows. It goes up when the same file would be read
// otherwise than before, so that an unchanged file is read again.
const Rules = 2

// Form is what a column's values must look like.
type Form int

const (
	Text Form = iota
	// Email is text that may name a person: it is never shown in a message.
	Email
	// Number is a whole number; zeros in front say nothing.
	Number
	// Date is a day, as DD-MM-YYYY, DD/MM/YYYY or YYYY-MM-DD.
	Date
	// URN is 5 or 6 plain digits.
	URN
)

// Column is one column of the register: its heading there, its name here.
type Column struct {
	Heading string
	Name    string
	Form    Form
	// Required columns must be in the header, and no row may leave them blank.
	Required bool
}

// Type is the column's type in the database.
func (c Column) Type() string {
	switch c.Form {
	case Number:
		return "integer"
	case Date:
		return "date"
	default:
		return "text"
	}
}

// Table is one of the register's files.
type Table struct {
	// Part names the file for people: establishments or links.
	Part    string
	Columns []Column
	// Keys is how many of the first columns make a row's key.
	Keys int
	// check looks at a row whole; it may be nil.
	check func(*Row, *Reader) bool
}

// Establishments is ecf_tech.csv. Its 30-, 31- and 32-column forms and the public edubasealldata all have the required
// columns; what else a file lacks is left as it was.
var Establishments = Table{
	Part: "establishments",
	Keys: 1,
	Columns: []Column{
		{Heading: "URN", Name: "urn", Form: URN, Required: true},
		{Heading: "LA (code)", Name: "la_code", Required: true},
		{Heading: "LA (name)", Name: "la_name"},
		{Heading: "EstablishmentNumber", Name: "establishment_number"},
		{Heading: "EstablishmentName", Name: "establishment_name", Required: true},
		{Heading: "TypeOfEstablishment (code)", Name: "type_of_establishment_code", Form: Number, Required: true},
		{Heading: "TypeOfEstablishment (name)", Name: "type_of_establishment_name"},
		{Heading: "EstablishmentStatus (code)", Name: "establishment_status_code", Form: Number, Required: true},
		{Heading: "EstablishmentStatus (name)", Name: "establishment_status_name"},
		{Heading: "OpenDate", Name: "open_date", Form: Date},
		{Heading: "CloseDate", Name: "close_date", Form: Date},
		{Heading: "PhaseOfEducation (code)", Name: "phase_of_education_code", Form: Number},
		{Heading: "PhaseOfEducation (name)", Name: "phase_of_education_name"},
		{Heading: "UKPRN", Name: "ukprn"},
		{Heading: "LastChangedDate", Name: "last_changed_date", Form: Date},
		{Heading: "Street", Name: "street"},
		{Heading: "Locality", Name: "locality"},
		{Heading: "Address3", Name: "address3"},
		{Heading: "Town", Name: "town"},
		{Heading: "Postcode", Name: "postcode"},
		{Heading: "SchoolWebsite", Name: "school_website"},
		{Heading: "MainEmail", Name: "main_email", Form: Email},
		{Heading: "AlternativeEmail", Name: "alternative_email", Form: Email},
		{Heading: "Section41Approved (name)", Name: "section_41_approved_name"},
		{Heading: "DistrictAdministrative (code)", Name: "district_administrative_code"},
		{Heading: "DistrictAdministrative (name)", Name: "district_administrative_name"},
		{Heading: "Easting", Name: "easting", Form: Number},
		{Heading: "Northing", Name: "northing", Form: Number},
		{Heading: "PreviousLA (code)", Name: "previous_la_code"},
		{Heading: "PreviousLA (name)", Name: "previous_la_name"},
		{Heading: "OfstedRating (code)", Name: "ofsted_rating_code", Form: Number},
		{Heading: "OfstedRating (name)", Name: "ofsted_rating_name"},
	},
	check: checkEstablishment,
}

// Links is links.csv: the establishment LinkURN, named LinkName, is to URN what LinkType says. The type is part of the
// key: a link of another type says something else, so it is one withdrawn and one made.
var Links = Table{
	Part: "links",
	Keys: 3,
	Columns: []Column{
		{Heading: "URN", Name: "urn", Form: URN, Required: true},
		{Heading: "LinkURN", Name: "link_urn", Form: URN, Required: true},
		{Heading: "LinkType", Name: "link_type", Required: true},
		{Heading: "LinkName", Name: "link_name"},
		{Heading: "LinkEstablishedDate", Name: "link_established_date", Form: Date},
	},
	check: checkLink,
}

// Places of the establishments' columns that rules look at.
const (
	atURN        = 0
	atLACode     = 1
	atLAName     = 2
	atName       = 4
	atTypeCode   = 5
	atTypeName   = 6
	atStatusCode = 7
	atStatusName = 8
	atOpenDate   = 9
	atCloseDate  = 10
	atLinkURN    = 1
)
