variable "name" {
  description = "Name of the table."
  type        = string
}

variable "partition_key" {
  description = "Partition key: its attribute and type (S or N)."
  type        = object({ name = string, type = string })
}

variable "sort_key" {
  description = "Sort key: its attribute and type (S or N). Null for a table without."
  type        = object({ name = string, type = string })
  default     = null
}

variable "indexes" {
  description = "Global secondary indexes by name: their partition and sort keys. All attributes are projected."
  type = map(object({
    partition_key = object({ name = string, type = string })
    sort_key      = object({ name = string, type = string })
  }))
  default = {}
}

variable "ttl_attribute" {
  description = "Attribute with the time (Unix, in seconds) after which an item is deleted. Null: items stay."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Refuse to delete the table."
  type        = bool
}
