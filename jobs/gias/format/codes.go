package format

import "strings"

// codeList is what the register calls each code of a column.
type codeList map[string]string

var statuses = codeList{
	"1": "Open", "2": "Closed", "3": "Open, but proposed to close", "4": "Proposed to open",
}

var types = codeList{
	"1": "Community school", "2": "Voluntary aided school", "3": "Voluntary controlled school", "5": "Foundation school",
	"6": "City technology college", "7": "Community special school", "8": "Non-maintained special school",
	"10": "Other independent special school", "11": "Other independent school", "12": "Foundation special school",
	"14": "Pupil referral unit", "15": "Local authority nursery school", "18": "Further education", "24": "Secure units",
	"25": "Offshore schools", "26": "Service children's education", "27": "Miscellaneous", "28": "Academy sponsor led",
	"29": "Higher education institutions", "30": "Welsh establishment", "31": "Sixth form centres",
	"32": "Special post 16 institution", "33": "Academy special sponsor led", "34": "Academy converter",
	"35": "Free schools", "36": "Free schools special", "37": "British schools overseas",
	"38": "Free schools alternative provision", "39": "Free schools 16 to 19", "40": "University technical college",
	"41": "Studio schools", "42": "Academy alternative provision converter",
	"43": "Academy alternative provision sponsor led", "44": "Academy special converter", "45": "Academy 16-19 converter",
	"46": "Academy 16 to 19 sponsor led", "47": "Children's centre", "48": "Children's centre linked site",
	"49": "Online provider", "56": "Institution funded by other government department", "57": "Academy secure 16 to 19",
}

// is says that name is what the list calls code, or blank.
func (l codeList) is(code, name string) bool { return name == "" || strings.EqualFold(l[code], name) }

// known says that the list has the code.
func (l codeList) known(code string) bool { return l[code] != "" }

// agrees says that name may stand beside code: it is blank, the code's own, or new to the list altogether. A name that
// belongs to another code means that one of the two is wrong, and nothing says which.
func (l codeList) agrees(code, name string) bool {
	if l.is(code, name) {
		return true
	}
	for other, its := range l {
		if other != code && strings.EqualFold(its, name) {
			return false
		}
	}
	return true
}
