-- The inbox is read oldest first. By `retry_at` alone, each read of a few would
-- sort all that wait.
drop index delivery_waiting;
create index delivery_waiting on delivery (received_at, delivery_id) where processed_at is null;
