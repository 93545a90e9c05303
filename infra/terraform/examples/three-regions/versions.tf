terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

# One provider: since version 6 each resource names its region. Route 53 and IAM are global.
provider "aws" {
  region = var.primary
}
