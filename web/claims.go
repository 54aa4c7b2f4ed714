package web

import (
	"encoding/json"
	"slices"
	"strings"

	"cpd-jobs/internal/access"
)

// claims are what the provider says of somebody.
type claims map[string]json.RawMessage

// has says that something is said under a name.
func (c claims) has(name string) bool { _, ok := c[name]; return ok }

// text is a claim that is a text.
func (c claims) text(name string) string {
	var text string
	_ = json.Unmarshal(c[name], &text) // no claim, or not a text
	return text
}

// name is what the record calls somebody: an address, or what the provider calls them.
func (c claims) name() string {
	for _, claim := range []string{"email", "preferred_username", "sub"} {
		if text := c.text(claim); text != "" {
			return text
		}
	}
	return ""
}

// visitor is somebody with those roles of the claim that are known here; others are another program's.
func (c claims) visitor(rolesClaim string) access.Visitor {
	var names []string
	if json.Unmarshal(c[rolesClaim], &names) != nil {
		names = strings.Fields(c.text(rolesClaim))
	}
	v := access.Visitor{Name: c.name(), Via: access.ViaSignIn, Roles: []access.Role{}}
	for _, name := range names {
		if r := access.Role(name); slices.Contains(access.Roles, r) && !slices.Contains(v.Roles, r) {
			v.Roles = append(v.Roles, r)
		}
	}
	return v
}
