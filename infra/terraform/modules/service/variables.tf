variable "region" {
  type = string
}

variable "name" {
  type    = string
  default = "app"
}

variable "image" {
  type        = string
  description = "The image with its digest or an immutable tag. The rollout changes it region by region."
}

variable "vpc_id" {
  type = string
}

variable "public_subnet_ids" {
  type = list(string)
}

variable "private_subnet_ids" {
  type = list(string)
}

variable "certificate_arn" {
  type        = string
  description = "A certificate of this region for the global name and the region's own name."
}

variable "container_port" {
  type    = number
  default = 3000
}

variable "cpu" {
  type    = number
  default = 512
}

variable "memory" {
  type    = number
  default = 1024
}

variable "environment" {
  type    = map(string)
  default = {}
}

variable "secrets" {
  type        = map(string)
  default     = {}
  description = "Environment variables and the ARN of the secret or parameter of this region that has the value."
}

variable "reads" {
  type        = object({ prefix = string, names = set(string) })
  default     = { prefix = "", names = [] }
  description = "What the app reads at runtime: the secrets PREFIX/NAME, and the parameters below /PREFIX. With a key of your own also allow kms:Decrypt."
}

variable "tasks" {
  type        = object({ min = number, max = number })
  description = "How many tasks run: see the module `capacity`."

  validation {
    condition     = var.tasks.min >= 2 && var.tasks.max >= var.tasks.min
    error_message = "tasks.min must be at least 2, so that a deploy or a lost zone leaves one."
  }
}

variable "ready_path" {
  type        = string
  default     = "/readyz"
  description = "What the load balancer asks each task. It depends on no database: a dependency that all tasks share would take all of them out."
}

variable "check_interval" {
  type        = number
  default     = 5
  description = "Seconds between two checks of a task. Two failed ones take it out."

  validation {
    condition     = var.check_interval >= 5 && var.check_interval <= 300
    error_message = "check_interval must be 5 to 300."
  }
}

variable "start_grace_seconds" {
  type        = number
  default     = 90
  description = "How long a new task may fail its check: a cold start with three regions to ask."
}

variable "drain" {
  type = object({
    not_ready_seconds = optional(number, 15)
    grace_seconds     = optional(number, 30)
    hooks_seconds     = optional(number, 10)
  })
  default     = {}
  description = "notReadyForMs, graceMs and hookTimeoutMs of createDrain({ front: 'balancer' }), in seconds."

  validation {
    condition     = var.drain.not_ready_seconds + var.drain.grace_seconds + var.drain.hooks_seconds + 5 <= 120
    error_message = "The drain must end within 115 s: Fargate kills a task 120 s after SIGTERM at the latest."
  }
}
