variable "regions" {
  type = map(object({
    peak = number
    max  = number
  }))
  description = "Each region: the tasks that its own peak of the last 24 h needs, and the most tasks that it may ever run."

  validation {
    condition     = alltrue([for region in var.regions : region.peak >= 1 && region.max >= region.peak])
    error_message = "peak must be at least 1, and max at least peak."
  }
}

variable "ready_for_loss" {
  type        = bool
  default     = true
  description = "Whether each region always runs enough for the loss of the largest other region. With false a region starts more tasks only after the loss, when other customers of AWS do the same."
}
