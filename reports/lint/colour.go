package lint

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rgb is a colour.
type rgb struct{ r, g, b uint8 }

var (
	black = rgb{}
	white = rgb{255, 255, 255}
)

func (c rgb) String() string { return fmt.Sprintf("#%02X%02X%02X", c.r, c.g, c.b) }

// parseRGB reads six hexadecimal digits, behind a # or behind two digits of opacity.
func parseRGB(text string) (rgb, bool) {
	text = strings.TrimPrefix(text, "#")
	if len(text) == 8 {
		text = text[2:]
	}
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil || len(text) != 6 {
		return rgb{}, false
	}
	return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

// contrast is that of WCAG: 1 for the same colour, 21 for black on white.
func contrast(a, b rgb) float64 {
	light, dark := a.luminance(), b.luminance()
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func (c rgb) luminance() float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// tint makes a colour lighter, or darker where t is negative, nearly as spreadsheet programs do.
func (c rgb) tint(t float64) rgb {
	mix := func(v uint8) uint8 {
		if t < 0 {
			return uint8(float64(v) * (1 + t))
		}
		return uint8(float64(v) + (255-float64(v))*t)
	}
	return rgb{mix(c.r), mix(c.g), mix(c.b)}
}
