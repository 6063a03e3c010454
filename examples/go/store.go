package main

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "example.org/tidemark-consumer/tidemarkv1"
)

var (
	placeBucket   = []byte("place")
	schemasBucket = []byte("schemas")
	rowsBucket    = []byte("rows") // a bucket of each table in it
)

var marshal = proto.MarshalOptions{Deterministic: true}

// Store keeps the rows of a source by their keys in a bbolt file, and in the same transaction the place in the stream:
// a program killed at any moment goes on from exactly what it holds. Replace put, remove and clear by what your own
// system needs.
type Store struct {
	database *bolt.DB
	schemas  map[uint32]*pb.TableSchema
}

func OpenStore(file string) (*Store, error) {
	database, err := bolt.Open(file, 0o600, nil)
	if err != nil {
		return nil, err
	}
	store := &Store{database, map[uint32]*pb.TableSchema{}}
	err = database.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{placeBucket, schemasBucket, rowsBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return tx.Bucket(schemasBucket).ForEach(func(_, bytes []byte) error {
			schema := &pb.TableSchema{}
			if err := proto.Unmarshal(bytes, schema); err != nil {
				return err
			}
			store.schemas[schema.Id] = schema
			return nil
		})
	})
	return store, err
}

// Next is the first sequence of the source that is not held; 1 at the beginning.
func (s *Store) Next(source string) (next uint64, err error) {
	err = s.database.View(func(tx *bolt.Tx) error {
		next = nextIn(tx, source)
		return nil
	})
	return next, err
}

func nextIn(tx *bolt.Tx, source string) uint64 {
	if bytes := tx.Bucket(placeBucket).Get([]byte(source)); bytes != nil {
		return binary.BigEndian.Uint64(bytes)
	}
	return 1
}

// Take stores the events, all or none, and returns what Next does then. They are on disk when it returns: only then may
// they be acknowledged.
func (s *Store) Take(source string, events []*pb.Event) (next uint64, err error) {
	err = s.database.Update(func(tx *bolt.Tx) error {
		next = nextIn(tx, source)
		for _, event := range events {
			// Schemas that are sent again at the start have old sequences.
			if event.Sequence >= next || event.GetSchema() != nil {
				if err := s.apply(tx, event); err != nil {
					return fmt.Errorf("event %d: %w", event.Sequence, err)
				}
			}
			if event.Sequence >= next {
				next = event.Sequence + 1
			}
		}
		return tx.Bucket(placeBucket).Put([]byte(source), binary.BigEndian.AppendUint64(nil, next))
	})
	return next, err
}

// Marks, messages and ends of transactions need no action for rows by key.
func (s *Store) apply(tx *bolt.Tx, event *pb.Event) error {
	switch {
	case event.GetSchema() != nil:
		return s.addSchema(tx, event.GetSchema())
	case event.GetChange() != nil:
		return s.change(tx, event.GetChange())
	}
	return nil
}

// A version of a table. Held rows keep the version that they came in: what an ALTER TABLE made of them comes with their
// next change, or with a snapshot.
func (s *Store) addSchema(tx *bolt.Tx, schema *pb.TableSchema) error {
	s.schemas[schema.Id] = schema
	bytes, err := marshal.Marshal(schema)
	if err != nil {
		return err
	}
	return tx.Bucket(schemasBucket).Put(binary.BigEndian.AppendUint32(nil, schema.Id), bytes)
}

func (s *Store) change(tx *bolt.Tx, change *pb.Change) error {
	schema, known := s.schemas[change.SchemaId]
	if !known {
		return fmt.Errorf("schema %d is not known", change.SchemaId)
	}
	name := binary.BigEndian.AppendUint64(nil, schema.TableId)
	if change.Op == pb.Op_OP_TRUNCATE {
		return clear(tx, name)
	}
	if len(schema.KeyColumns) == 0 {
		return nil // without a key there is nothing to find a row by
	}
	table, err := tx.Bucket(rowsBucket).CreateBucketIfNotExists(name)
	if err != nil {
		return err
	}
	key, err := marshal.Marshal(change.Key)
	if err != nil {
		return err
	}
	if change.Op == pb.Op_OP_DELETE {
		return table.Delete(key)
	}
	// CREATE, UPDATE, and READ: a row of a snapshot.
	return s.put(table, key, schema, change.After)
}

func clear(tx *bolt.Tx, table []byte) error {
	if tx.Bucket(rowsBucket).Bucket(table) == nil {
		return nil
	}
	return tx.Bucket(rowsBucket).DeleteBucket(table)
}

func (s *Store) put(table *bolt.Bucket, key []byte, schema *pb.TableSchema, row *pb.Row) error {
	if err := s.complete(table.Get(key), schema, row); err != nil {
		return err
	}
	bytes, err := marshal.Marshal(row)
	if err != nil {
		return err
	}
	return table.Put(key, append(binary.BigEndian.AppendUint32(nil, schema.Id), bytes...))
}

// A column that the log did not carry keeps the value that we hold.
func (s *Store) complete(held []byte, schema *pb.TableSchema, row *pb.Row) error {
	var values map[string]*pb.Value
	for i, value := range row.Values {
		if !value.GetUnavailable() || held == nil {
			continue
		}
		if values == nil {
			var err error
			if values, err = s.valuesByName(held); err != nil {
				return err
			}
		}
		if kept, ok := values[schema.Columns[i].Name]; ok {
			row.Values[i] = kept
		}
	}
	return nil
}

func (s *Store) valuesByName(held []byte) (map[string]*pb.Value, error) {
	schema, row, err := s.split(held)
	if err != nil {
		return nil, err
	}
	values := map[string]*pb.Value{}
	for i, column := range schema.Columns {
		values[column.Name] = row.Values[i]
	}
	return values, nil
}

func (s *Store) split(held []byte) (*pb.TableSchema, *pb.Row, error) {
	row := &pb.Row{}
	err := proto.Unmarshal(held[4:], row)
	return s.schemas[binary.BigEndian.Uint32(held)], row, err
}

// Dump calls print with all that is held, as events that would make it: JSON texts, the schemas first. A heartbeat says how
// far it is.
func (s *Store) Dump(print func(string)) error {
	each := func(event *pb.Event) error {
		text, err := protojson.Marshal(event)
		print(string(text))
		return err
	}
	for _, schema := range s.schemas {
		if err := each(&pb.Event{Body: &pb.Event_Schema{Schema: schema}}); err != nil {
			return err
		}
	}
	return s.database.View(func(tx *bolt.Tx) error {
		err := tx.Bucket(rowsBucket).ForEachBucket(func(table []byte) error {
			return tx.Bucket(rowsBucket).Bucket(table).ForEach(func(key, held []byte) error {
				return s.dumpRow(key, held, each)
			})
		})
		if err != nil {
			return err
		}
		return tx.Bucket(placeBucket).ForEach(func(_, next []byte) error {
			return each(&pb.Event{Sequence: binary.BigEndian.Uint64(next) - 1, Body: &pb.Event_Heartbeat{Heartbeat: &pb.Heartbeat{}}})
		})
	})
}

func (s *Store) dumpRow(keyBytes, held []byte, each func(*pb.Event) error) error {
	key := &pb.Row{}
	if err := proto.Unmarshal(keyBytes, key); err != nil {
		return err
	}
	schema, row, err := s.split(held)
	if err != nil {
		return err
	}
	change := &pb.Change{SchemaId: schema.Id, Op: pb.Op_OP_READ, Key: key, After: row}
	return each(&pb.Event{Body: &pb.Event_Change{Change: change}})
}
