variable "primary" {
  type        = string
  default     = "us-east-1"
  description = "The region whose database takes the writes. After a failover, write the new one here: the plan must then be empty for the databases."

  validation {
    condition     = contains(keys(var.regions), var.primary)
    error_message = "primary must be one of regions."
  }
}

variable "zone_id" {
  type = string
}

variable "name" {
  type    = string
  default = "app.example.com"
}

variable "image" {
  type = string
}

variable "regions" {
  type = map(object({
    host                 = string
    vpc_id               = string
    public_subnet_ids    = list(string)
    private_subnet_ids   = list(string)
    db_subnet_group_name = string
    certificate_arn      = string
    kms_key_arn          = string
    peak_tasks           = number
    max_tasks            = number
  }))
  description = "The network of each region is yours: VPCs with subnets, and a peering between them, because every app asks every database."
}

variable "vpc_cidrs" {
  type        = list(string)
  description = "The networks of all regions. The apps in them may connect to each database."
}

variable "database_password" {
  type      = string
  ephemeral = true
}
