package run

import (
	"errors"
	"fmt"
)

// ErrLost says that another worker has taken the job over: stop at once and write nothing.
var ErrLost = errors.New("this attempt has lost its job to another worker")

// Class says what kind of failure an error is, which decides whether trying again can help and how the program exits.
type Class string

const (
	// ClassTransient may pass: try again. It is what an error without a class is.
	ClassTransient Class = "transient"
	// ClassBlocked by a guard or a check: a person must look. Exit status 1.
	ClassBlocked Class = "refused"
	// ClassInvalid is a wrong file, argument or setting: trying again cannot help. Exit status 2.
	ClassInvalid Class = "bad_input"
	// ClassUnreachable is a database or a source that does not answer: try again. Exit status 3.
	ClassUnreachable Class = "unreachable"
)

// Failure is an error with a class and, where there is one, the next step for a person.
type Failure struct {
	Class Class
	Hint  string
	Err   error
}

func (f *Failure) Error() string {
	if f.Hint == "" {
		return f.Err.Error()
	}
	return f.Err.Error() + "; " + f.Hint
}

func (f *Failure) Unwrap() error { return f.Err }

// Blocked makes an error that a guard or check raises.
func Blocked(hint, format string, args ...any) error {
	return &Failure{Class: ClassBlocked, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// Invalid makes an error about input: no retry helps.
func Invalid(hint, format string, args ...any) error {
	return &Failure{Class: ClassInvalid, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// Unreachable makes an error about something that could not be reached.
func Unreachable(hint, format string, args ...any) error {
	return &Failure{Class: ClassUnreachable, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// ClassOf finds the class of err: that of the outermost [Failure] in its chain, else ClassTransient.
func ClassOf(err error) Class {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Class
	}
	return ClassTransient
}

// ExitStatus maps an error to the program's exit status: 0 done, 1 failed, 2 misused, 3 unreachable.
func ExitStatus(err error) int {
	if err == nil {
		return 0
	}
	switch ClassOf(err) {
	case ClassInvalid:
		return 2
	case ClassUnreachable:
		return 3
	default:
		return 1
	}
}
