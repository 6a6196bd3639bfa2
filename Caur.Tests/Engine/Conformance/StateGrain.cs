using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Tests.Engine.Conformance;

[Alias("caur.tests.IStateGrain")]
public interface IStateGrain : IGrainWithStringKey
{
    [Alias("Write")]
    Task Write(string text);

    [Alias("WriteNamed")]
    Task WriteNamed(string text);

    [Alias("Remember")]
    Task Remember(string text);

    [Alias("Clear")]
    Task Clear();

    [Alias("Reread")]
    Task<StateView> Reread();

    [Alias("View")]
    Task<StateView> View();

    [Alias("ViewOfNamed")]
    Task<StateView> ViewOfNamed();

    [Alias("TextAtActivation")]
    Task<string?> TextAtActivation();

    [Alias("WriteStale")]
    Task WriteStale(string text);

    [Alias("WriteStaleHandled")]
    Task<string> WriteStaleHandled(string text);

    [Alias("ClearStale")]
    Task ClearStale();

    [Alias("WriteStaleThere")]
    Task WriteStaleThere(IStateGrain other);

    [Alias("WriteUnwritable")]
    Task WriteUnwritable();

    [Alias("WriteKeyed")]
    Task WriteKeyed(string name, string text);

    [Alias("ReadKeyed")]
    Task<StateView> ReadKeyed(string name);

    [Alias("Activation")]
    Task<Guid> Activation();
}

[GenerateSerializer]
[Alias("caur.tests.StateView")]
public sealed record StateView
{
    [Id(0)]
    public string? Text { get; init; }

    [Id(1)]
    public bool Exists { get; init; }

    [Id(2)]
    public string? Etag { get; init; }
}

[GenerateSerializer]
[Alias("caur.tests.NoteState")]
public sealed class NoteState
{
    [Id(0)]
    public string? Text { get; set; }

    /// <summary>A value that no serializer takes, so that the write fails.</summary>
    [Id(1)]
    public object? Unwritable { get; set; }
}

public sealed class StateGrain(
    [PersistentState("note")] IPersistentState<NoteState> note,
    [PersistentState("note", ConformanceGrains.NamedStorage)] IPersistentState<NoteState> named,
    IGrainContext context,
    IServiceProvider services) : Grain, IStateGrain
{
    /// <summary>Why the last activation of each grain ended, by key.</summary>
    public static readonly ConcurrentDictionary<string, DeactivationReason> Ends = new();

    private readonly Guid _activation = Guid.NewGuid();
    private string? _textAtActivation;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _textAtActivation = note.State.Text;
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Ends[this.GetPrimaryKeyString()] = reason;
        return Task.CompletedTask;
    }

    public Task Write(string text)
    {
        note.State.Text = text;
        return note.WriteStateAsync();
    }

    public Task WriteNamed(string text)
    {
        named.State = new NoteState { Text = text };
        return named.WriteStateAsync(CancellationToken.None);
    }

    public Task Remember(string text)
    {
        note.State.Text = text;
        return Task.CompletedTask;
    }

    public Task Clear() => note.ClearStateAsync();

    public async Task<StateView> Reread()
    {
        await note.ReadStateAsync();
        return ViewOf(note);
    }

    public Task<StateView> View() => Task.FromResult(ViewOf(note));

    public Task<StateView> ViewOfNamed() => Task.FromResult(ViewOf(named));

    public Task<string?> TextAtActivation() => Task.FromResult(_textAtActivation);

    public async Task WriteStale(string text)
    {
        await OvertakeAsync();
        note.State.Text = text;
        await note.WriteStateAsync();
    }

    public async Task ClearStale()
    {
        await OvertakeAsync();
        await note.ClearStateAsync();
    }

    public Task WriteStaleThere(IStateGrain other) => other.WriteStale("stale");

    public async Task<string> WriteStaleHandled(string text)
    {
        try
        {
            await WriteStale(text);
            return "written";
        }
        catch (InconsistentStateException)
        {
            await note.ReadStateAsync();
            return $"conflict with {note.State.Text}";
        }
    }

    public async Task WriteUnwritable()
    {
        note.State.Unwritable = typeof(NoteState);
        try
        {
            await note.WriteStateAsync();
        }
        finally
        {
            note.State.Unwritable = null;
        }
    }

    public Task WriteKeyed(string name, string text) =>
        Storage.WriteStateAsync(name, context.GrainId, new GrainState<NoteState>(new NoteState { Text = text }));

    public async Task<StateView> ReadKeyed(string name)
    {
        var state = new GrainState<NoteState>();
        await Storage.ReadStateAsync(name, context.GrainId, state);
        return new StateView { Text = state.State?.Text, Exists = state.RecordExists, Etag = state.ETag };
    }

    public Task<Guid> Activation() => Task.FromResult(_activation);

    private IGrainStorage Storage => services.GetRequiredKeyedService<IGrainStorage>(ConformanceGrains.NamedStorage);

    // Writes the record behind the back of this activation, as another one would.
    private async Task OvertakeAsync()
    {
        var storage = services.GetRequiredKeyedService<IGrainStorage>("Default");
        var other = new GrainState<NoteState>();
        await storage.ReadStateAsync("note", context.GrainId, other);
        other.State = new NoteState { Text = "overtaken" };
        await storage.WriteStateAsync("note", context.GrainId, other);
    }

    private static StateView ViewOf(IPersistentState<NoteState> state) =>
        new() { Text = state.State.Text, Exists = state.RecordExists, Etag = state.Etag };
}
