-- Traits of stretches are written otherwise than they were (store/traits.py); they are noted once more.
DELETE FROM event_stretch;
