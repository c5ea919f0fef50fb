package domain

import (
	"errors"
	"fmt"
	"time"
)

// Code names a kind of error. The web layer maps each to one HTTP status, in one place.
type Code string

// The codes. What each means to the one who reads it:
const (
	CodeInvalid         Code = "invalid"         // an input is wrong; Field names it
	CodeNotFound        Code = "not_found"       // no such thing among what the caller may see
	CodeUnauthenticated Code = "unauthenticated" // no valid token or key
	CodeForbidden       Code = "forbidden"       // the caller's role may not do this
	CodeConflict        Code = "conflict"        // it contradicts what is stored
	CodeTooLarge        Code = "too_large"       // an input is over its size limit
	CodeBusy            Code = "busy"            // try again later
	CodeUnavailable     Code = "unavailable"     // something outside did not answer, or is not set up
	CodeInternal        Code = "internal"        // our fault
)

// Error is an error that a person can act on.
type Error struct {
	Code    Code   `json:"code"`
	Field   string `json:"field,omitempty"` // the input at fault, in the words of the one who sent it
	Message string `json:"message"`
	Missing Money  `json:"missing,omitzero"` // how much a balance lacks, micro-USDT; 0 when that is not what is wrong

	RetryAfter time.Duration `json:"-"` // with CodeBusy: how long to wait; 0 when that is not known
}

// Errorf makes an *Error.
func Errorf(code Code, field, format string, args ...any) *Error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Invalid is CodeInvalid on a field.
func Invalid(field, format string, args ...any) *Error {
	return Errorf(CodeInvalid, field, format, args...)
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// AsError finds the *Error in err's chain; any other error becomes CodeInternal without its text,
// which may hold what the caller must not see.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Message: "something went wrong on our side"}
}
