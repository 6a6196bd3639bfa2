using System.Buffers;
using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Contracts.Events;

namespace Caur.Api.Events;

/// <summary>One of the farm's events as it is sent; its text is made once for all clients.</summary>
internal sealed class FeedEvent(string id, FarmEvent item, JsonSerializerOptions json)
{
    private byte[]? _text;

    public FarmEvent Event => item;

    public string Type => item.Kind.ToString().ToLowerInvariant();

    public void Write(IBufferWriter<byte> buffer)
    {
        // Two may make it at the same time, and it is the same.
        _text ??= Make();
        buffer.Write(_text);
    }

    private byte[] Make()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        EventStream.WriteEvent<object>(buffer, id, Type, Body(), json);
        return buffer.WrittenSpan.ToArray();
    }

    private object Body() => item switch
    {
        { Build: { } build } => new BuildEventBody(
            item.Time, build.Build, build.Build.Pkgbase, build.Build.Target, build.State, build.State.IsFinal(), build.Builder, build.Attempts, item.Reason),
        { Publication: { } publication } => new PublicationEventBody(
            item.Time, publication.Target, publication.Generation, publication.Builds, item.Reason),
        { Builder: { } builder } => new BuilderEventBody(item.Time, builder.Builder, builder.State, builder.Slots, item.Reason),
        { Queue: { } queue } => new QueueEventBody(item.Time, queue.Arch, queue.Paused),
        { Run: { } run } => new RunEventBody(item.Time, run.Source, run.Number, run.Pipeline, run.State, run.Step, run.StepState, item.Reason),
        _ => new ResetNotice($"{item.Reason}; read the lists again"),
    };
}
