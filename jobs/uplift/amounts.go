package uplift

import (
	"regexp"
	"strconv"
	"strings"
)

// premiumShare is the least percentage of pupils eligible that brought the premium until August 2022.
const premiumShare = 40

// amount is pounds, with or without commas between the thousands. In the file of 2021 every £ has become U+FFFD.
var amount = regexp.MustCompile(`^[£\x{FFFD}]?(\d{1,3}(,\d{3})*|\d+)(\.\d+)?$`)

func isAmount(text string) bool { return amount.MatchString(text) }

// parseCount reads a number of pupils, such as 1,204 or 233.5.
func parseCount(text string) (float64, bool) {
	if !isAmount(text) {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	return n, err == nil
}

var district = regexp.MustCompile(`^[EW][0-9]{8}$`)

func isDistrict(code string) bool { return district.MatchString(code) }

// abolished are the districts of the sparse list that exist no more, and since when: schools opened or converted after
// that are in other districts, which the list does not have.
var abolished = map[string]string{
	"E07000151": "1 April 2021", "E07000152": "1 April 2021",
	"E07000026": "1 April 2023, now Cumberland", "E07000028": "1 April 2023, now Cumberland", "E07000029": "1 April 2023, now Cumberland",
	"E07000030": "1 April 2023, now Westmorland and Furness", "E07000031": "1 April 2023, now Westmorland and Furness",
	"E07000163": "1 April 2023, now North Yorkshire", "E07000164": "1 April 2023, now North Yorkshire",
	"E07000165": "1 April 2023, now North Yorkshire", "E07000166": "1 April 2023, now North Yorkshire",
	"E07000167": "1 April 2023, now North Yorkshire", "E07000168": "1 April 2023, now North Yorkshire",
	"E07000169": "1 April 2023, now North Yorkshire", "E07000246": "1 April 2023, now Somerset",
}
