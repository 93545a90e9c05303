variable "region" {
  type        = string
  description = "The region of this instance."
}

variable "identifier" {
  type        = string
  description = "The name of the instance. It stays the same when the role changes."
}

variable "replicate_from_arn" {
  type        = string
  default     = null
  description = "Null creates a primary. The ARN of the primary creates a replica of it. It is read at the creation only."

  validation {
    condition     = var.replicate_from_arn == null || can(regex("^arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:db:", var.replicate_from_arn))
    error_message = "A replica in another region needs the ARN of its source: an identifier names an instance of the same region."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts this instance: one of its own region. The key of the source cannot be used elsewhere."
}

variable "instance_class" {
  type        = string
  description = "The same in all regions: a promoted replica gets all the writes."
}

variable "engine_version" {
  type        = string
  default     = "16"
  description = "The version of PostgreSQL. A replica takes that of its source."
}

variable "allocated_storage" {
  type    = number
  default = 100
}

variable "database_name" {
  type    = string
  default = "app"
}

variable "username" {
  type    = string
  default = "postgres"
}

variable "password" {
  type        = string
  ephemeral   = true
  default     = null
  description = "The master password of a primary. It is not kept in the state."
}

variable "password_version" {
  type        = number
  default     = 1
  description = "Sent at the creation only. To change the password later, write it by hand: see the page about a failover."
}

variable "backup_retention_days" {
  type        = number
  default     = 7
  description = "0 would turn backups off, and an instance without backups can have no replica."

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 35
    error_message = "backup_retention_days must be 1 to 35, the limits of RDS."
  }
}

variable "multi_az" {
  type    = bool
  default = true
}

variable "subnet_group_name" {
  type = string
}

variable "security_group_ids" {
  type = list(string)
}

variable "max_slot_wal_keep_mb" {
  type        = number
  default     = 20000
  description = "How much WAL a slot may hold before it is given up. Without a limit a standby that is away fills the disk."

  validation {
    condition     = var.max_slot_wal_keep_mb > 0
    error_message = "max_slot_wal_keep_mb must be more than 0: -1 lets a slot fill the disk."
  }
}

variable "max_connections" {
  type        = number
  default     = 500
  description = "The same in all regions: a standby with less than its primary stops its recovery."
}
