using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Embedded.Activations;

/// <summary>A record that is read before the grain's OnActivateAsync.</summary>
internal interface ILoadedState
{
    Task LoadAsync();
}

/// <summary>A grain's record and the storage behind it.</summary>
internal sealed class PersistentState<T>(GrainId grainId, string stateName, string storageName, IGrainStorage storage)
    : IPersistentState<T>, ILoadedState
{
    private readonly GrainState<T> _record = new(NewState.Create<T>());

    public T State
    {
        get => _record.State!;
        set => _record.State = value;
    }

    public string? Etag => _record.ETag;

    public bool RecordExists => _record.RecordExists;

    public static ILoadedState Create(GrainId grainId, string stateName, string storageName, IGrainStorage storage) =>
        new PersistentState<T>(grainId, stateName, storageName, storage);

    public Task LoadAsync() => ReadStateAsync();

    public async Task ReadStateAsync()
    {
        try
        {
            await storage.ReadStateAsync(stateName, grainId, _record);
        }
        catch (Exception error) when (error is not OrleansException)
        {
            throw Named("reading", error);
        }
    }

    public async Task WriteStateAsync()
    {
        try
        {
            await storage.WriteStateAsync(stateName, grainId, _record);
        }
        catch (Exception error) when (error is not OrleansException)
        {
            throw Named("writing", error);
        }
    }

    public async Task ClearStateAsync()
    {
        try
        {
            await storage.ClearStateAsync(stateName, grainId, _record);
        }
        catch (Exception error) when (error is not OrleansException)
        {
            throw Named("clearing", error);
        }
    }

    private OrleansException Named(string doing, Exception error) =>
        new($"Storage '{storageName}' failed {doing} state '{stateName}' of grain {grainId}: {error.Message}", error);
}

/// <summary>The value of a record that storage does not have.</summary>
internal static class NewState
{
    public static T Create<T>() => typeof(T).IsValueType || typeof(T) == typeof(string) ? default!
        : typeof(T).GetConstructor(Type.EmptyTypes) is not null ? Activator.CreateInstance<T>()
        : (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
}
