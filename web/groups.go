package web

// eligibilities are the groups of schools that analysts ask about, by their name in the data.
var eligibilities = []struct{ name, text string }{
	{"all", "all schools"},
	{"eligible", "schools eligible for funding"},
	{"cip_only", "schools that may use the service only"},
}

// groupOf is the group of schools that somebody asks for: all of them unless asked otherwise.
func groupOf(name string) (string, error) {
	if name == "" {
		return eligibilities[0].name, nil
	}
	for _, e := range eligibilities {
		if e.name == name {
			return name, nil
		}
	}
	return "", notFound("There is no such group of schools.")
}

// groups are links to every group, each at the address that href gives.
func groups(href func(group string) string, current string) []pick {
	list := make([]pick, len(eligibilities))
	for i, e := range eligibilities {
		list[i] = pick{Text: e.text, Href: href(e.name), Current: e.name == current}
	}
	return list
}
