variable "region" {
  type        = string
  description = "The region in which the secrets are written. The others get copies."
}

variable "replica_regions" {
  type        = map(object({ kms_key_arn = optional(string) }))
  description = "The other regions, each with a key of its own region, or without one for the default key."
}

variable "prefix" {
  type    = string
  default = "app"
}

variable "names" {
  type        = set(string)
  default     = ["tokens", "peers", "jwt-public", "jwt-signing", "database"]
  description = "One secret each, with the same value in all regions. Write the values outside of Terraform, so that none is in the state."

  validation {
    condition     = alltrue([for name in var.names : !can(regex("(^|[-_/])(host|hosts|endpoint|endpoints|address|url)$", name))])
    error_message = "A host is different in each region: it does not belong into a replicated secret. Use `hosts`."
  }
}

variable "kms_key_arn" {
  type    = string
  default = null
}

variable "hosts" {
  type        = map(string)
  description = "The host of each region's database. It is a parameter of that region, and not a part of a secret."
}
