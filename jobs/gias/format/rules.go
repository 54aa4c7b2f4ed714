package format

import "bytes"

// checkEstablishment rejects a row whose status or type cannot be known: whether a school counts at all hangs on them.
func checkEstablishment(row *Row, r *Reader) bool {
	v := row.Values
	status, statusName := string(v[atStatusCode]), string(v[atStatusName])
	kind, kindName := string(v[atTypeCode]), string(v[atTypeName])
	switch {
	case !statuses.known(status):
		return r.reject(atStatusCode, "is no known status", v[atStatusCode])
	case !statuses.is(status, statusName):
		return r.reject(atStatusName, "is not the name of status "+status, v[atStatusName])
	case !types.known(kind):
		return r.reject(atTypeCode, "is no known type of establishment", v[atTypeCode])
	case !types.agrees(kind, kindName):
		return r.reject(atTypeName, "is the name of another type than "+kind, v[atTypeName])
	}
	doubtDates(v, r)
	return true
}

// doubtDates points out dates that disagree with the status. The status rules.
func doubtDates(v [][]byte, r *Reader) {
	closed := string(v[atStatusCode]) == "2"
	opens, closes := v[atOpenDate], v[atCloseDate]
	switch {
	case opens != nil && closes != nil && bytes.Compare(closes, opens) < 0:
		r.doubt(atCloseDate, "closed before it opened")
	case string(v[atStatusCode]) == "1" && closes != nil:
		r.doubt(atCloseDate, "open, with a closing date")
	case closed && closes == nil && r.has(atCloseDate):
		r.doubt(atCloseDate, "closed, without a date")
	}
}

// has says that the file has the column.
func (r *Reader) has(at int) bool {
	for _, present := range r.Layout.Present {
		if present == at {
			return true
		}
	}
	return false
}

// checkLink rejects a link of an establishment to itself, which would be a succession without an end.
func checkLink(row *Row, r *Reader) bool {
	if bytes.Equal(row.Values[atURN], row.Values[atLinkURN]) {
		return r.reject(atLinkURN, "is the establishment itself", row.Values[atLinkURN])
	}
	return true
}
