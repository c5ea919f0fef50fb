package domain

import "strconv"

// Role is what a caller may do (SPEC 1).
type Role string

// The roles of SPEC 1. RoleService is the exchange's backend, known by its API key.
const (
	RolePartner  Role = "partner"
	RoleBD       Role = "bd"
	RoleContent  Role = "content"
	RoleOperator Role = "operator"
	RoleService  Role = "service"
)

// Valid reports whether r is one of the known roles.
func (r Role) Valid() bool {
	switch r {
	case RolePartner, RoleBD, RoleContent, RoleOperator, RoleService:
		return true
	}
	return false
}

// Caller is who asks. It is taken from a signed token or an API key, and handed down as a parameter:
// never from a message, a tool argument or a URL.
type Caller struct {
	UID  int64 // account id; 0 for a service
	Role Role
}

// Partner is the caller that a partner's own token names.
func Partner(uid int64) Caller { return Caller{UID: uid, Role: RolePartner} }

// Require returns CodeForbidden unless the caller has one of the roles.
func (c Caller) Require(roles ...Role) error {
	for _, r := range roles {
		if c.Role == r {
			return nil
		}
	}
	return Errorf(CodeForbidden, "", "the role %q may not do this", c.Role)
}

// String is for logs: the role and the uid, nothing personal.
func (c Caller) String() string { return string(c.Role) + ":" + strconv.FormatInt(c.UID, 10) }
