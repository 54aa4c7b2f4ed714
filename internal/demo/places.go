package demo

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"sort"
	"strconv"
)

// placesCSV lists England's local authorities and their districts with a weight each, about as many schools as it
// has (no authority under 50, so that each gets every stage of the funnel), and whether the district was on the
// service's list of sparse ones.
//
//go:embed places.csv
var placesCSV []byte

// place is a district within a local authority.
type place struct {
	region                     byte // the register's letter
	laCode, laName             string
	districtCode, districtName string
	sparse                     bool
	upTo                       int // running total of weights
}

type gazetteer struct {
	places []place
	weight int
}

func readPlaces() (*gazetteer, error) {
	rows, err := csv.NewReader(bytes.NewReader(placesCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the list of places: %w", err)
	}
	g := &gazetteer{}
	for _, r := range rows[1:] {
		weight, err := strconv.Atoi(r[5])
		if err != nil {
			return nil, fmt.Errorf("read the list of places: weight of %s: %w", r[4], err)
		}
		g.weight += weight
		g.places = append(g.places, place{region: r[0][0], laCode: r[1], laName: r[2],
			districtCode: r[3], districtName: r[4], sparse: r[6] == "1", upTo: g.weight})
	}
	return g, nil
}

// share is the place of the i-th of n schools, shared out by weight: each place gets its share exactly.
func (g *gazetteer) share(i, n int) *place {
	at := i * g.weight / n
	return &g.places[sort.Search(len(g.places), func(k int) bool { return g.places[k].upTo > at })]
}

// abolished is a sparse district that no longer exists but that older schools are still linked to.
type abolished struct{ code, name, laCode string }

var abolishedDistricts = []abolished{
	{"E07000026", "Allerdale", "942"}, {"E07000028", "Carlisle", "942"}, {"E07000029", "Copeland", "942"},
	{"E07000030", "Eden", "943"}, {"E07000031", "South Lakeland", "943"},
	{"E07000151", "Daventry", "941"}, {"E07000152", "East Northamptonshire", "940"},
	{"E07000163", "Craven", "815"}, {"E07000164", "Hambleton", "815"}, {"E07000165", "Harrogate", "815"},
	{"E07000166", "Richmondshire", "815"}, {"E07000167", "Ryedale", "815"}, {"E07000168", "Scarborough", "815"},
	{"E07000169", "Selby", "815"}, {"E07000246", "Somerset West and Taunton", "933"},
}

// abolishedIn lists the districts that a local authority has lost.
func abolishedIn(laCode string) []abolished {
	var found []abolished
	for _, a := range abolishedDistricts {
		if a.laCode == laCode {
			found = append(found, a)
		}
	}
	return found
}

// Districts that exist only here, so that each way a sparsity spell can lie has a district of its own.
const (
	sparseDistrict     = "E07990001" // spell open since the first cohort
	endedDistrict      = "E07990002" // spell ended with the current cohort's year
	endsNextDistrict   = "E07990003" // spell ends next year
	startsNextDistrict = "E07990004" // spell starts next year
	goneDistrict       = "E07990005" // sparse, and abolished in favour of
	mergedDistrict     = "E07990006" // this one, which is not sparse
)

var inventedDistricts = map[string]string{
	sparseDistrict: "Farmoor", endedDistrict: "Lowmarsh", endsNextDistrict: "Midwold",
	startsNextDistrict: "Newheath", goneDistrict: "Oldfell", mergedDistrict: "Fell and Dale",
}

// spells are the sparsity spells of the invented districts: start and end year after the current cohort's, 0 for no
// end.
func (w *world) inventedSpells() map[string][2]int {
	return map[string][2]int{
		sparseDistrict:     {w.firstYear(), 0},
		endedDistrict:      {w.firstYear(), w.year},
		endsNextDistrict:   {w.firstYear(), w.year + 1},
		startsNextDistrict: {w.year + 1, 0},
		goneDistrict:       {w.firstYear(), 0},
	}
}
