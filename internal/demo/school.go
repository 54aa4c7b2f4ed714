package demo

import (
	"fmt"
	"strings"

	"cpd-jobs/internal/demo/pgcopy"
)

// School is an establishment as the register has it. Empty text is a missing value.
type School struct {
	URN            int
	LACode, LAName string // the code has three digits
	Number         string // within its local authority
	Name           string
	TypeCode       int // 0: not known
	TypeName       string
	StatusCode     int // 1 open, 2 closed, 3 open but proposed to close, 4 proposed to open
	StatusName     string
	PhaseCode      int
	PhaseName      string
	UKPRN          string
	Street         string
	Locality       string
	Town           string
	Postcode       string
	Website        string
	MainEmail      string
	OtherEmail     string
	Section41      string // "Approved" or something else
	DistrictCode   string
	DistrictName   string

	opened, closed pgcopy.Time // only the register files tell
}

const (
	statusOpen           = 1
	statusClosed         = 2
	statusProposedClose  = 3
	statusProposedToOpen = 4

	section41Approved = "Approved"
)

var statusNames = map[int]string{
	statusOpen: "Open", statusClosed: "Closed",
	statusProposedClose: "Open, but proposed to close", statusProposedToOpen: "Proposed to open",
}

func (s *School) setStatus(code int) { s.StatusCode, s.StatusName = code, statusNames[code] }

func (s *School) setType(code int) { s.TypeCode, s.TypeName = code, typeNames[code] }

func (s *School) setPhase(code int) { s.PhaseCode, s.PhaseName = code, phaseNames[code] }

func (s *School) section41() bool { return s.Section41 == section41Approved }

func (s *School) open() bool {
	return s.StatusCode == statusOpen || s.StatusCode == statusProposedClose
}

func (s *School) inEngland() bool {
	return s.DistrictCode == notRecorded || (s.DistrictCode != "" && (s.DistrictCode[0] == 'E' || s.DistrictCode[0] == 'e'))
}

func (s *School) eligible() bool {
	return s.open() && s.inEngland() && (eligibleTypes[s.TypeCode] || s.section41())
}

func (s *School) cipOnly() bool { return s.open() && !s.eligible() && cipOnlyTypes[s.TypeCode] }

func (s *School) inPopulation() bool { return s.eligible() || s.cipOnly() }

func (s *School) childrensCentre() bool { return s.TypeCode == 47 || s.TypeCode == 48 }

func (s *School) academy() bool {
	switch s.TypeCode {
	case 28, 33, 34, 42, 43, 44, 45, 46:
		return true
	}
	return false
}

// staged says whether the service's own register sync takes the row into its staging table.
func (s *School) staged() bool {
	return s.inEngland() && (eligibleTypes[s.TypeCode] || s.section41() ||
		s.TypeCode == 10 || s.TypeCode == 11 || s.TypeCode == 37)
}

// masked replaces the contact addresses of a real register: a demo must not be able to write to anybody.
func (s *School) masked() {
	s.MainEmail = maskedAddress(s.MainEmail, "urn", s.URN)
	s.OtherEmail = maskedAddress(s.OtherEmail, "office", s.URN)
}

func maskedAddress(address, name string, urn int) string {
	harmless := strings.HasSuffix(address, "@example.com") || strings.HasSuffix(address, "@example.org")
	if harmless || strings.TrimSpace(address) == "" {
		return address
	}
	return fmt.Sprintf("%s%d@example.com", name, urn)
}
