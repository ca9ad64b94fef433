/* pipeline/parquet/parquet_arrow.cc - parquet_arrow.h by Arrow's C++ library, 17 or newer.
 *
 * Memory comes from malloc, so that --memory and sanitizers see it, and Arrow starts no threads of its own.
 * What is written depends on the rows and on Arrow's version, which the file names as its creator. */
#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <string>
#include <vector>

extern "C" {
#include "pipeline/parquet/parquet_arrow.h"
}

namespace
{

/* Arrow's sentence on one line. */
std::string one_line(std::string text)
{
    for (char &c : text)
        if (static_cast<unsigned char>(c) < 0x20)
            c = ' ';
    return text.substr(0, 400);
}

lta_status fail(lta_status kind, const char *file, const arrow::Status &s)
{
    if (s.IsOutOfMemory())
        return lta_fail(LTA_ERR_NOMEM, "%s: no memory left: %s", file, one_line(s.message()).c_str());
    return lta_fail(kind, "%s: %s: %s", file,
                    kind == LTA_ERR_FORMAT ? "damaged or unreadable as Parquet" : "could not be written",
                    one_line(s.message()).c_str());
}

/* Runs body(), which returns an arrow::Status; what it throws or returns becomes a status of ours. */
template <typename Body> lta_status guarded(lta_status kind, const char *file, Body body) noexcept
{
    try {
        arrow::Status s = body();
        return s.ok() ? LTA_OK : fail(kind, file, s);
    } catch (const std::bad_alloc &) {
        return lta_fail(LTA_ERR_NOMEM, "%s: no memory left", file);
    } catch (const std::exception &e) {
        try {
            return fail(kind, file, arrow::Status::Invalid(e.what()));
        } catch (...) {
            return lta_fail(LTA_ERR_NOMEM, "%s: no memory left", file);
        }
    } catch (...) {
        return lta_fail(kind, "%s: Arrow failed without a reason", file);
    }
}

/* Since Arrow 20 both return a Result, before they took a pointer. */
template <typename Builder> arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> build(Builder &b)
{
    if constexpr (requires { b.Build().ok() && b.Build().ValueOrDie(); }) {
        return b.Build();
    } else {
        std::unique_ptr<parquet::arrow::FileReader> out;
        ARROW_RETURN_NOT_OK(b.Build(&out));
        return out;
    }
}

template <typename Reader>
arrow::Result<std::unique_ptr<arrow::RecordBatchReader>>
batches_of(Reader &r, const std::vector<int> &row_groups, const std::vector<int> &leaves)
{
    if constexpr (requires { r.GetRecordBatchReader(row_groups, leaves).ValueOrDie(); }) {
        return r.GetRecordBatchReader(row_groups, leaves);
    } else {
        std::unique_ptr<arrow::RecordBatchReader> out;
        ARROW_RETURN_NOT_OK(r.GetRecordBatchReader(row_groups, leaves, &out));
        return out;
    }
}

/* An output stream of Arrow's over one of ours, which stays open. */
class stream_output : public arrow::io::OutputStream
{
  public:
    explicit stream_output(FILE *stream) : stream_(stream)
    {
    }
    arrow::Status Close() override
    {
        closed_ = true;
        return arrow::Status::OK();
    }
    arrow::Result<int64_t> Tell() const override
    {
        return at_;
    }
    bool closed() const override
    {
        return closed_;
    }
    arrow::Status Write(const void *data, int64_t n) override
    {
        if (fwrite(data, 1, static_cast<size_t>(n), stream_) != static_cast<size_t>(n)) {
            error_ = errno;
            return arrow::Status::IOError("write failed");
        }
        at_ += n;
        return arrow::Status::OK();
    }
    using arrow::io::OutputStream::Write;
    int error() const
    {
        return error_;
    } /* errno of a failed write, 0 = none */

  private:
    FILE *stream_;
    int64_t at_ = 0;
    int error_ = 0;
    bool closed_ = false;
};

} // namespace

struct lta_arrow_reader {
    const char *file;
    std::unique_ptr<parquet::arrow::FileReader> reader;
    std::unique_ptr<arrow::RecordBatchReader> batches;
};

struct lta_arrow_writer {
    const char *file;
    std::shared_ptr<stream_output> stream;
    std::shared_ptr<arrow::Schema> schema;
    std::unique_ptr<parquet::arrow::FileWriter> writer;
};

const char *lta_arrow_version(void)
{
    return "Arrow " ARROW_VERSION_STRING;
}

lta_status lta_arrow_reader_open(const char *file, const void *data, int64_t size, lta_arrow_reader **out,
                                 struct ArrowSchema *schema, lta_arrow_file_info *info)
{
    return guarded(LTA_ERR_FORMAT, file, [&]() -> arrow::Status {
        arrow::MemoryPool *pool = arrow::system_memory_pool();
        auto r = std::make_unique<lta_arrow_reader>();
        r->file = file;
        auto bytes = std::make_shared<arrow::io::BufferReader>(
            std::make_shared<arrow::Buffer>(static_cast<const uint8_t *>(data), size));
        parquet::ArrowReaderProperties properties(/*use_threads=*/false);
        properties.set_pre_buffer(false);
        parquet::arrow::FileReaderBuilder builder;
        ARROW_RETURN_NOT_OK(builder.Open(bytes, parquet::ReaderProperties(pool)));
        builder.memory_pool(pool)->properties(properties);
        ARROW_ASSIGN_OR_RAISE(r->reader, build(builder));
        std::shared_ptr<arrow::Schema> columns;
        ARROW_RETURN_NOT_OK(r->reader->GetSchema(&columns));
        auto metadata = r->reader->parquet_reader()->metadata();
        *info = {metadata->num_rows(), 0};
        for (int g = 0; g < metadata->num_row_groups(); g++)
            info->bytes += metadata->RowGroup(g)->total_byte_size();
        ARROW_RETURN_NOT_OK(arrow::ExportSchema(*columns, schema));
        *out = r.release();
        return arrow::Status::OK();
    });
}

lta_status lta_arrow_reader_begin(lta_arrow_reader *r, const int *columns, int n_columns, int64_t batch_rows,
                                  struct ArrowSchema *schema)
{
    return guarded(LTA_ERR_FORMAT, r->file, [&]() -> arrow::Status {
        auto metadata = r->reader->parquet_reader()->metadata();
        const parquet::SchemaDescriptor *s = metadata->schema();
        std::vector<int> row_groups, leaves;
        for (int g = 0; g < metadata->num_row_groups(); g++)
            row_groups.push_back(g);
        for (int i = 0; i < n_columns; i++)
            for (int leaf = 0; leaf < s->num_columns(); leaf++)
                if (s->group_node()->FieldIndex(*s->GetColumnRoot(leaf)) == columns[i])
                    leaves.push_back(leaf);
        r->reader->set_batch_size(batch_rows);
        r->batches.reset();
        ARROW_ASSIGN_OR_RAISE(r->batches, batches_of(*r->reader, row_groups, leaves));
        return arrow::ExportSchema(*r->batches->schema(), schema);
    });
}

lta_status lta_arrow_reader_next(lta_arrow_reader *r, struct ArrowArray *batch)
{
    batch->release = nullptr;
    return guarded(LTA_ERR_FORMAT, r->file, [&]() -> arrow::Status {
        std::shared_ptr<arrow::RecordBatch> next;
        do
            ARROW_RETURN_NOT_OK(r->batches->ReadNext(&next));
        while (next && next->num_rows() == 0);
        return next ? arrow::ExportRecordBatch(*next, batch) : arrow::Status::OK();
    });
}

void lta_arrow_reader_close(lta_arrow_reader *r)
{
    delete r;
}

namespace
{

/* A write that failed tells more by its errno than by Arrow's words. */
template <typename Body> lta_status writing(lta_arrow_writer *w, Body body) noexcept
{
    lta_status st = guarded(LTA_ERR_RUN, w->file, body);
    if (st != LTA_OK && w->stream && w->stream->error() != 0)
        st = lta_fail_errno(LTA_ERR_RUN, w->stream->error(), "%s: could not be written", w->file);
    return st;
}

} // namespace

lta_status lta_arrow_writer_create(const char *file, FILE *stream, struct ArrowSchema *schema,
                                   lta_arrow_writer **out)
{
    auto *w = new (std::nothrow) lta_arrow_writer{};
    if (!w) {
        schema->release(schema);
        return lta_fail(LTA_ERR_NOMEM, "%s: no memory left", file);
    }
    w->file = file;
    lta_status st = writing(w, [&]() -> arrow::Status {
        arrow::MemoryPool *pool = arrow::system_memory_pool();
        ARROW_ASSIGN_OR_RAISE(w->schema, arrow::ImportSchema(schema));
        w->stream = std::make_shared<stream_output>(stream);
        auto properties = parquet::WriterProperties::Builder()
                              .memory_pool(pool)
                              ->compression(parquet::Compression::ZSTD)
                              ->build();
        auto arrow_properties = parquet::ArrowWriterProperties::Builder().set_use_threads(false)->build();
        ARROW_ASSIGN_OR_RAISE(w->writer, parquet::arrow::FileWriter::Open(*w->schema, pool, w->stream,
                                                                          properties, arrow_properties));
        return arrow::Status::OK();
    });
    if (st != LTA_OK)
        lta_arrow_writer_close(w);
    else
        *out = w;
    return st;
}

lta_status lta_arrow_writer_add(lta_arrow_writer *w, struct ArrowArray *batch)
{
    return writing(w, [&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto rows, arrow::ImportRecordBatch(batch, w->schema));
        ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(w->schema, {rows}));
        return w->writer->WriteTable(*table, rows->num_rows());
    });
}

lta_status lta_arrow_writer_finish(lta_arrow_writer *w)
{
    return writing(w, [&]() -> arrow::Status { return w->writer->Close(); });
}

/* A writer that was not finished writes its footer as it goes away, into a file that is thrown away. */
void lta_arrow_writer_close(lta_arrow_writer *w)
{
    if (!w)
        return;
    try {
        w->writer.reset();
    } catch (...) {
    }
    delete w;
}
