variable "zone_id" {
  type        = string
  description = "The public hosted zone of all names below."
}

variable "name" {
  type        = string
  description = "The global name, for example app.example.com. DNS leads each client to the nearest region that is healthy."
}

variable "regions" {
  type = map(object({
    host        = string
    alb_name    = string
    alb_zone_id = string
  }))
  description = "Each region that serves: its own name (app-us-east-1.example.com), and the name and zone of its load balancer."

  validation {
    condition     = length(distinct([for region in var.regions : region.host])) == length(var.regions)
    error_message = "Each region needs a name of its own: a health check of a shared name tests the region that DNS returns."
  }
  validation {
    condition     = alltrue([for region in var.regions : region.host != var.name])
    error_message = "The name of a region must not be the global name: its health check would test the other regions, too."
  }
}

variable "apex" {
  type        = bool
  default     = false
  description = "Whether `name` is the name of the zone itself. Only an alias can be there, and its TTL is always 60 s."
}

variable "ttl" {
  type        = number
  default     = 10
  description = "How long resolvers may keep the answer, in seconds. An alias ignores it."

  validation {
    condition     = var.ttl >= 1 && var.ttl <= 60
    error_message = "ttl must be 1 to 60: it is a part of every failover."
  }
}

variable "health_path" {
  type        = string
  default     = "/health"
  description = "What Route 53 asks each region. /health passes in a region whose replica can serve reads while the primary is down."
}

variable "check_interval" {
  type        = number
  default     = 10
  description = "Seconds between two checks: 10 or 30. Route 53 knows no other interval."

  validation {
    condition     = contains([10, 30], var.check_interval)
    error_message = "check_interval must be 10 or 30."
  }
}

variable "failure_threshold" {
  type        = number
  default     = 3
  description = "Failed checks in a row until a region leaves DNS, and passed ones until it is back."

  validation {
    condition     = var.failure_threshold >= 1 && var.failure_threshold <= 10
    error_message = "failure_threshold must be 1 to 10."
  }
}

variable "standby" {
  type = object({
    host        = string
    alb_name    = string
    alb_zone_id = string
  })
  default     = null
  description = "A region that serves nothing until all of `regions` are unhealthy. Only such a region gets a failover record."
}
