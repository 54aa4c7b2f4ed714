package demo

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// address is where the service writes to a school: its own, else one that says there is none.
func (p *plan) address() string {
	if strings.TrimSpace(p.MainEmail) == "" {
		return fmt.Sprintf("none%d@example.com", p.URN)
	}
	return p.MainEmail
}

func (g *generator) writeEmails(p *plan) {
	for _, e := range p.emails {
		id := g.id(nominationEmails, p.key, e.n)
		b := g.row(nominationEmails, id, e.made)
		b.UUID(p.id)
		b.Text("demo-" + hex.EncodeToString(id[:]))
		b.Text(p.address())
		b.Time(e.sent)
		b.Time(e.opened)
		if e.status == "" {
			b.Null()
		} else {
			b.Text("demo-notify-" + hex.EncodeToString(id[:6]))
		}
		b.TextOrNull(e.status)
		if e.status == "delivered" {
			b.Time(e.sent)
		} else {
			b.Null()
		}
		b.Null()
	}
}

// writeTutors writes the links to tutors, and the tutors' profiles and users unless another school's.
func (g *generator) writeTutors(p *plan) {
	for i, x := range p.tutors {
		n := uint64(i)
		ref := x.shared
		if ref == (tutorRef{}) {
			ref = tutorRef{user: g.id(users, p.key, n), profile: g.id(inductionCoordinatorProfiles, p.key, n)}
			if !x.orphan {
				g.writeTutor(p, &x, ref, i)
			}
		}
		b := g.row(inductionCoordinatorProfilesSchools, g.id(inductionCoordinatorProfilesSchools, p.key, n), x.linked)
		b.UUID(ref.profile)
		b.UUID(p.id)
		if x.signedIn != never && x.discarded == never && i == len(p.tutors)-1 && !p.edgeCase {
			g.neighbour[p.LACode] = ref
		}
	}
}

func (g *generator) writeTutor(p *plan, x *tutor, ref tutorRef, i int) {
	g.user(ref.user, x.userMade, fmt.Sprintf("%d-T%d", p.URN, i+1), x.signedIn)
	b := g.row(inductionCoordinatorProfiles, ref.profile, x.profileMade)
	b.UUID(ref.user)
	b.Time(x.discarded)
	b.Null()
}

// user writes a person. The name and the address cannot be taken for a real person's.
func (g *generator) user(id uuid, made moment, number string, signedIn moment) {
	b := g.row(users, id, made)
	b.Text("Demo Person " + number)
	b.Text("demo.person." + number + "@example.com")
	b.Time(signedIn)
	b.Null()
	if signedIn == never {
		b.Int4(0)
		b.Null()
		return
	}
	b.Int4(1 + int(id[0])%20)
	b.Inet([4]byte{192, 0, 2, id[1]})
}
